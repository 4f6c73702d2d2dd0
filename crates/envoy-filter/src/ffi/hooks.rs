//! What Envoy asks of the module. A panic ends here: it refuses the call that it happened in, and no other.
//!
//! While Envoy answers a call or lets it go on, it runs other hooks of the same filter and may even destroy it. So each
//! hook has done with the filter, and holds no reference to it, before it asks for that.

use std::{
    ffi::{c_char, c_uint, c_void},
    panic::{AssertUnwindSafe, catch_unwind},
    ptr,
    sync::Arc,
};

use super::{
    ABI_VERSION, Buffer, CALLBACKS, Callbacks,
    calls::{EnvoyConfig, LogLevel, Stream, log},
    stay_loaded,
};
use crate::{
    config::{Config, RouteConfig},
    filter::{Filter, Next, panicked},
};

/// What becomes of a call's headers, as the ABI numbers it.
const CONTINUE: c_uint = 0;
const STOP: c_uint = 1;
/// Holds the call, its body included, and has the caller wait once the buffer is full.
const STOP_ALL: c_uint = 4;

/// Carries out a hook. None when it panicked; the panic's own message is in the log.
fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

/// Loads the module: null where it cannot work, which makes Envoy refuse its configuration.
#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_program_init() -> *const c_char {
    let found = guarded(|| {
        let callbacks = Callbacks::find().map_err(|missing| {
            format!(
                "tollgate_envoy is made for Envoy 1.40 (dynamic modules ABI {}), and this program lacks what it needs: {}",
                ABI_VERSION.to_string_lossy(),
                missing.join(", ")
            )
        })?;
        if !stay_loaded() {
            return Err(
                "tollgate_envoy cannot keep itself loaded, and its threads would lose their code".to_owned()
            );
        }
        // Loaded before: the same functions.
        drop(CALLBACKS.set(callbacks));
        crate::log::start();
        Ok(())
    });
    match found {
        Some(Ok(())) => ABI_VERSION.as_ptr(),
        Some(Err(why)) => {
            refuse_to_load(&why);
            ptr::null()
        }
        None => ptr::null(),
    }
}

/// Envoy's log may be what is missing, so this goes where Envoy's own lines go.
#[expect(clippy::print_stderr, reason = "there is no other way to say why")]
fn refuse_to_load(why: &str) {
    eprintln!("{why}");
}

/// Takes a configuration: null where it is not right.
#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_config_new(
    envoy: *mut c_void,
    _name: Buffer,
    config: Buffer,
) -> *const c_void {
    // SAFETY: Envoy's bytes, for the time of this hook.
    let text = unsafe { config.bytes() };
    match guarded(|| Config::new(text, &EnvoyConfig(envoy))) {
        Some(Ok(config)) => Arc::into_raw(config).cast(),
        Some(Err(failure)) => {
            log(LogLevel::Error, &format!("tollgate: {failure:#}"));
            ptr::null()
        }
        None => ptr::null(),
    }
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_config_destroy(config: *const c_void) {
    if config.is_null() {
        return;
    }
    // SAFETY: what `config_new` gave, and Envoy gives back once.
    let config = unsafe { Arc::from_raw(config.cast::<Config>()) };
    guarded(move || drop(config));
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_per_route_config_new(
    _name: Buffer,
    config: Buffer,
) -> *const c_void {
    // SAFETY: Envoy's bytes, for the time of this hook.
    let text = unsafe { config.bytes() };
    match guarded(|| RouteConfig::new(text)) {
        Some(Ok(config)) => Box::into_raw(Box::new(config)).cast_const().cast(),
        Some(Err(failure)) => {
            log(LogLevel::Error, &format!("tollgate: {failure:#}"));
            ptr::null()
        }
        None => ptr::null(),
    }
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_per_route_config_destroy(config: *const c_void) {
    if !config.is_null() {
        // SAFETY: what `per_route_config_new` gave, and Envoy gives back once.
        drop(unsafe { Box::from_raw(config.cast_mut().cast::<RouteConfig>()) });
    }
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_new(
    config: *const c_void,
    _envoy: *mut c_void,
) -> *const c_void {
    if config.is_null() {
        return ptr::null();
    }
    let config = config.cast::<Config>();
    // SAFETY: what `config_new` gave; Envoy keeps it for as long as it makes filters of it.
    unsafe { Arc::increment_strong_count(config) };
    // SAFETY: the share that was just counted.
    let config = unsafe { Arc::from_raw(config) };
    let made = guarded(move || Box::new(Filter::new(config)));
    made.map_or(ptr::null(), |filter| Box::into_raw(filter).cast_const().cast())
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_destroy(filter: *const c_void) {
    if filter.is_null() {
        return;
    }
    // SAFETY: what `filter_new` gave, and Envoy gives back once; no hook holds a reference while Envoy may do so.
    let filter = unsafe { Box::from_raw(filter.cast_mut().cast::<Filter>()) };
    guarded(move || drop(filter));
}

/// Runs a hook of one call.
fn in_call<T>(
    envoy: *mut c_void,
    filter: *const c_void,
    work: impl FnOnce(&mut Filter, &Stream) -> T,
) -> Option<T> {
    // SAFETY: the filter whose hook is running; the stream does not leave this function.
    let stream = unsafe { Stream::of(envoy) }?;
    // SAFETY: what `filter_new` gave. Hooks of one filter run on one worker, one after the other, and those that run
    // within another come when that one holds no reference any more.
    let filter = unsafe { filter.cast_mut().cast::<Filter>().as_mut() }?;
    guarded(|| work(filter, &stream))
}

/// Runs a hook that judges the call, with what its route says.
fn judging(
    envoy: *mut c_void,
    filter: *const c_void,
    work: impl FnOnce(&mut Filter, &Stream, Option<&RouteConfig>) -> Next,
) -> Next {
    let next = in_call(envoy, filter, |filter, stream| {
        // SAFETY: what `per_route_config_new` gave; the stream's route keeps it.
        let route = unsafe { stream.route_config().cast::<RouteConfig>().as_ref() };
        work(filter, stream, route)
    });
    next.unwrap_or_else(|| panicked(envoy_stream(envoy), filter_config(filter)))
}

/// Answers with what refuses a call.
fn reply(envoy: *mut c_void, next: &Next) {
    // SAFETY: the filter whose hook is running; the stream does not leave this function.
    if let (Next::Reply(reply), Some(stream)) = (next, unsafe { Stream::of(envoy) }) {
        let headers: Vec<_> = reply.headers.iter().collect();
        stream.send_response(reply.status, &headers, &reply.body, "tollgate");
    }
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_request_headers(
    envoy: *mut c_void,
    filter: *const c_void,
    _end: bool,
) -> c_uint {
    let next = judging(envoy, filter, Filter::request_headers);
    reply(envoy, &next);
    match next {
        Next::Continue => CONTINUE,
        Next::Hold => STOP_ALL,
        Next::Reply(_) => STOP,
    }
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_scheduled(
    envoy: *mut c_void,
    filter: *const c_void,
    _event: u64,
) {
    let next = judging(envoy, filter, Filter::scheduled);
    reply(envoy, &next);
    // SAFETY: the filter whose hook is running; the stream does not leave this function.
    if let (Next::Continue, Some(stream)) = (next, unsafe { Stream::of(envoy) }) {
        stream.continue_request();
    }
}

/// The call of the running hook, for counting what happened in it.
fn envoy_stream(envoy: *mut c_void) -> Option<Stream> {
    // SAFETY: the filter whose hook is running; what is made of it is used at once.
    unsafe { Stream::of(envoy) }
}

fn filter_config(filter: *const c_void) -> Option<Arc<Config>> {
    // SAFETY: what `filter_new` gave, with no other reference about: the hook that panicked has let go of it.
    unsafe { filter.cast::<Filter>().as_ref() }.map(Filter::config)
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_response_headers(
    envoy: *mut c_void,
    filter: *const c_void,
    _end: bool,
) -> c_uint {
    in_call(envoy, filter, Filter::response_headers);
    CONTINUE
}

#[unsafe(no_mangle)]
extern "C" fn envoy_dynamic_module_on_http_filter_stream_complete(envoy: *mut c_void, filter: *const c_void) {
    in_call(envoy, filter, Filter::stream_complete);
}

/// Hooks that Envoy wants to be there and this module has nothing to do in.
macro_rules! nothing_to_do {
    ($($name:ident($($argument:ty),*);)+) => {
        $(
            #[unsafe(no_mangle)]
            extern "C" fn $name($(_: $argument),*) {}
        )+
    };
}

/// The same, where Envoy is told to go on.
macro_rules! go_on {
    ($($name:ident($($argument:ty),*);)+) => {
        $(
            #[unsafe(no_mangle)]
            extern "C" fn $name($(_: $argument),*) -> c_uint {
                CONTINUE
            }
        )+
    };
}

type Envoy = *mut c_void;
type Module = *const c_void;
type Pieces = *const c_void;

go_on! {
    envoy_dynamic_module_on_http_filter_request_body(Envoy, Module, bool);
    envoy_dynamic_module_on_http_filter_request_trailers(Envoy, Module);
    envoy_dynamic_module_on_http_filter_response_body(Envoy, Module, bool);
    envoy_dynamic_module_on_http_filter_response_trailers(Envoy, Module);
    envoy_dynamic_module_on_http_filter_local_reply(Envoy, Module, u32, Buffer, bool);
}

// What this module never begins is never answered; Envoy looks for the hooks all the same.
nothing_to_do! {
    envoy_dynamic_module_on_http_filter_http_callout_done(Envoy, Module, u64, c_uint, Pieces, usize, Pieces, usize);
    envoy_dynamic_module_on_http_filter_http_stream_headers(Envoy, Module, u64, Pieces, usize, bool);
    envoy_dynamic_module_on_http_filter_http_stream_data(Envoy, Module, u64, Pieces, usize, bool);
    envoy_dynamic_module_on_http_filter_http_stream_trailers(Envoy, Module, u64, Pieces, usize);
    envoy_dynamic_module_on_http_filter_http_stream_complete(Envoy, Module, u64);
    envoy_dynamic_module_on_http_filter_http_stream_reset(Envoy, Module, u64, c_uint);
    envoy_dynamic_module_on_http_filter_downstream_above_write_buffer_high_watermark(Envoy, Module);
    envoy_dynamic_module_on_http_filter_downstream_below_write_buffer_low_watermark(Envoy, Module);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_ends_at_the_hook_and_refuses_the_call() {
        assert_eq!(guarded(|| 7), Some(7));
        assert_eq!(guarded(|| -> u8 { panic!("on purpose") }), None);
        let Next::Reply(reply) = panicked(None, None) else { panic!("it goes on") };
        assert_eq!(reply.status, 500);
    }

    #[test]
    fn hooks_without_an_envoy_do_nothing() {
        // No callbacks were found in this program, so there is no stream.
        let (envoy, filter) = (ptr::null_mut(), ptr::null());
        assert!(in_call(envoy, filter, |_, _| ()).is_none());
        envoy_dynamic_module_on_http_filter_destroy(ptr::null());
        envoy_dynamic_module_on_http_filter_config_destroy(ptr::null());
        assert!(envoy_dynamic_module_on_http_filter_new(ptr::null(), envoy).is_null());
    }
}
