//! What the module asks of Envoy, each function in the terms of this program.

use std::ffi::{c_uint, c_void};

use smallvec::{SmallVec, smallvec};

use super::{Buffer, CALLBACKS, Callbacks, Header};

/// Kinds of headers, as the ABI numbers them.
const REQUEST: c_uint = 0;
const RESPONSE: c_uint = 2;

/// Attributes of a stream, as the ABI numbers them.
const ATTRIBUTE_REQUEST_TOTAL_SIZE: c_uint = 14;
const ATTRIBUTE_RESPONSE_CODE: c_uint = 15;
const ATTRIBUTE_RESPONSE_FLAGS: c_uint = 17;
const ATTRIBUTE_RESPONSE_TOTAL_SIZE: c_uint = 22;
const ATTRIBUTE_SOURCE_ADDRESS: c_uint = 24;

/// How grave a line of the log is, as the ABI numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum LogLevel {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

fn callbacks() -> Option<&'static Callbacks> {
    CALLBACKS.get()
}

/// Writes a line to Envoy's log, as of its dynamic modules.
pub(crate) fn log(level: LogLevel, line: &str) {
    let Some(envoy) = callbacks() else { return };
    // SAFETY: from any thread; the line is read during the call.
    unsafe { (envoy.log)(c_uint::from(level.number()), Buffer::of(line.as_bytes())) }
}

pub(crate) fn log_enabled(level: LogLevel) -> bool {
    // SAFETY: from any thread.
    callbacks().is_some_and(|envoy| unsafe { (envoy.log_enabled)(c_uint::from(level.number())) })
}

/// Whether Envoy was only asked whether its configuration is right. On its main thread.
pub(crate) fn is_validating() -> bool {
    // SAFETY: takes nothing.
    callbacks().is_some_and(|envoy| unsafe { (envoy.is_validation_mode)() })
}

impl LogLevel {
    fn number(self) -> u8 {
        match self {
            Self::Trace => 0,
            Self::Debug => 1,
            Self::Info => 2,
            Self::Warn => 3,
            Self::Error => 4,
        }
    }
}

/// Envoy's side of a filter configuration, while it is made.
pub(crate) struct EnvoyConfig(pub(super) *mut c_void);

/// A counter of Envoy's, of one configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CounterId(usize);

impl EnvoyConfig {
    /// None when Envoy takes no such counter.
    pub(crate) fn define_counter(&self, name: &str) -> Option<CounterId> {
        let (envoy, mut id) = (callbacks()?, 0);
        let name = Buffer::of(name.as_bytes());
        // SAFETY: the configuration that is being made, no labels, and a place for the answer.
        let result = unsafe {
            (envoy.http_filter_config_define_counter)(self.0, name, std::ptr::null(), 0, &raw mut id)
        };
        (result == 0).then_some(CounterId(id))
    }
}

/// Envoy's side of one call, during one of its hooks. Never kept beyond it.
#[derive(Clone, Copy)]
pub(crate) struct Stream {
    filter: *mut c_void,
    envoy: &'static Callbacks,
}

/// Headers, where they lie in Envoy.
pub(crate) type ShownHeaders<'a> = SmallVec<[(&'a [u8], &'a [u8]); 24]>;

impl Stream {
    /// # Safety
    /// The filter must be the one whose hook is running, and the result must not outlive that hook.
    pub(super) unsafe fn of(filter: *mut c_void) -> Option<Self> {
        Some(Self { filter, envoy: callbacks()? })
    }

    /// The request's headers, the pseudo-headers among them, for `work`. In there no header may be set: what is shown would
    /// move.
    pub(crate) fn with_request_headers<T>(&self, work: impl FnOnce(&ShownHeaders<'_>) -> T) -> T {
        self.with_headers(REQUEST, work)
    }

    fn with_headers<T>(&self, kind: c_uint, work: impl FnOnce(&ShownHeaders<'_>) -> T) -> T {
        // SAFETY: the filter of the running hook.
        let count = unsafe { (self.envoy.http_get_headers_size)(self.filter, kind) };
        let mut headers: SmallVec<[Header; 24]> = smallvec![Header::NONE; count];
        // SAFETY: as many places as Envoy has just said that it fills.
        let there = unsafe { (self.envoy.http_get_headers)(self.filter, kind, headers.as_mut_ptr()) };
        let mut shown = ShownHeaders::new();
        for header in headers.iter().filter(|_| there) {
            // SAFETY: Envoy's own bytes, which stay until a header is set: not before `work` has ended.
            let name = unsafe { header.name.bytes() };
            // SAFETY: as above.
            let value = unsafe { header.value.bytes() };
            shown.push((name, value));
        }
        work(&shown)
    }

    /// Adds a header that is not there. To set one that may be, Envoy builds a map of all of them: that costs more than the rest.
    pub(crate) fn add_request_header(&self, name: &str, value: &str) {
        self.add_header(REQUEST, name, value);
    }

    pub(crate) fn remove_request_header(&self, name: &str) {
        self.set_header(REQUEST, name, Buffer::NONE);
    }

    /// Sets headers of the answer: no two of the same name.
    pub(crate) fn set_response_headers(&self, headers: &[(&str, &str)]) {
        if headers.is_empty() {
            return;
        }
        let is_there: SmallVec<[bool; 12]> = self.with_headers(RESPONSE, |shown| {
            let there = |name: &str| shown.iter().any(|(given, _)| *given == name.as_bytes());
            headers.iter().map(|(name, _)| there(name)).collect()
        });
        for ((name, value), is_there) in headers.iter().zip(is_there) {
            if is_there {
                self.set_header(RESPONSE, name, Buffer::of(value.as_bytes()));
            } else {
                self.add_header(RESPONSE, name, value);
            }
        }
    }

    fn add_header(&self, kind: c_uint, name: &str, value: &str) {
        let (name, value) = (Buffer::of(name.as_bytes()), Buffer::of(value.as_bytes()));
        // SAFETY: the filter of the running hook; name and value are copied during the call.
        unsafe { (self.envoy.http_add_header)(self.filter, kind, name, value) };
    }

    fn set_header(&self, kind: c_uint, name: &str, value: Buffer) {
        // SAFETY: the filter of the running hook; name and value are copied during the call.
        unsafe { (self.envoy.http_set_header)(self.filter, kind, Buffer::of(name.as_bytes()), value) };
    }

    /// Answers the call in the place of the upstream. Envoy may run other hooks of this filter meanwhile.
    pub(crate) fn send_response(&self, status: u16, headers: &[(&str, &str)], body: &str, details: &str) {
        let headers: SmallVec<[Header; 12]> = headers
            .iter()
            .map(|(name, value)| Header {
                name: Buffer::of(name.as_bytes()),
                value: Buffer::of(value.as_bytes()),
            })
            .collect();
        let (body, details) = (Buffer::of(body.as_bytes()), Buffer::of(details.as_bytes()));
        let (first, count) = (headers.as_ptr(), headers.len());
        // SAFETY: the filter of the running hook; all the rest is copied during the call.
        unsafe {
            (self.envoy.http_send_response)(self.filter, u32::from(status), first, count, body, details);
        }
    }

    /// Lets a call go on that was held. Envoy may run other hooks of this filter meanwhile.
    pub(crate) fn continue_request(&self) {
        // SAFETY: the filter of the running hook.
        unsafe { (self.envoy.http_filter_continue_decoding)(self.filter) }
    }

    /// Sets what access logs and later filters read: an encoded `google.protobuf.Struct`.
    pub(crate) fn set_metadata(&self, namespace: &str, encoded: &[u8]) {
        let namespace = Buffer::of(namespace.as_bytes());
        // SAFETY: the filter of the running hook; the bytes are read during the call.
        unsafe {
            (self.envoy.http_set_dynamic_metadata_struct)(self.filter, namespace, Buffer::of(encoded));
        }
    }

    /// The caller's address, as far as Envoy is told to believe it.
    pub(crate) fn source_address(&self) -> Option<&str> {
        let mut found = Buffer::NONE;
        let place = &raw mut found;
        // SAFETY: the filter of the running hook, and a place for the answer.
        let there = unsafe {
            (self.envoy.http_filter_get_attribute_string)(self.filter, ATTRIBUTE_SOURCE_ADDRESS, place)
        };
        // SAFETY: Envoy's own bytes; the address of a stream does not change.
        there.then(|| unsafe { found.bytes() }).and_then(|bytes| str::from_utf8(bytes).ok())
    }

    /// The status that the caller was answered.
    pub(crate) fn response_code(&self) -> Option<u64> {
        self.attribute(ATTRIBUTE_RESPONSE_CODE)
    }

    /// What went wrong, a bit for each.
    pub(crate) fn response_flags(&self) -> u64 {
        self.attribute(ATTRIBUTE_RESPONSE_FLAGS).unwrap_or_default()
    }

    /// Headers and body.
    pub(crate) fn request_bytes(&self) -> u64 {
        self.attribute(ATTRIBUTE_REQUEST_TOTAL_SIZE).unwrap_or_default()
    }

    /// Headers and body.
    pub(crate) fn response_bytes(&self) -> u64 {
        self.attribute(ATTRIBUTE_RESPONSE_TOTAL_SIZE).unwrap_or_default()
    }

    fn attribute(&self, number: c_uint) -> Option<u64> {
        let mut found = 0;
        let place = &raw mut found;
        // SAFETY: the filter of the running hook, and a place for the answer.
        unsafe { (self.envoy.http_filter_get_attribute_int)(self.filter, number, place) }.then_some(found)
    }

    pub(crate) fn count(&self, CounterId(id): CounterId) {
        // SAFETY: the filter of the running hook, and a counter of its configuration, without labels.
        unsafe { (self.envoy.http_filter_increment_counter)(self.filter, id, std::ptr::null(), 0, 1) };
    }

    /// What wakes this call, from any thread.
    pub(crate) fn waker(&self) -> Option<Waker> {
        // SAFETY: the filter of the running hook.
        let scheduler = unsafe { (self.envoy.http_filter_scheduler_new)(self.filter) };
        (!scheduler.is_null()).then_some(Waker { scheduler, envoy: self.envoy })
    }

    /// What the route says for this filter, if it does.
    pub(super) fn route_config(&self) -> *const c_void {
        // SAFETY: the filter of the running hook.
        unsafe { (self.envoy.get_most_specific_route_config)(self.filter) }
    }
}

/// Has Envoy run a call's `scheduled` hook on the call's own worker.
pub(crate) struct Waker {
    scheduler: *mut c_void,
    envoy: &'static Callbacks,
}

// SAFETY: Envoy's schedulers are made to be used, and let go of, on any thread.
unsafe impl Send for Waker {}

impl Waker {
    /// Only while the call is there: whoever wakes holds what its end waits for.
    pub(crate) fn wake(&self, event: u64) {
        // SAFETY: a scheduler that was not let go of yet.
        unsafe { (self.envoy.http_filter_scheduler_commit)(self.scheduler, event) }
    }
}

impl Drop for Waker {
    fn drop(&mut self) {
        // SAFETY: made for us, and let go of once.
        unsafe { (self.envoy.http_filter_scheduler_delete)(self.scheduler) }
    }
}
