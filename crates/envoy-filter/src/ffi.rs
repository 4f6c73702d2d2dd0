//! Envoy's interface for dynamic modules, as far as it is used: ABI v0.2.0, that of Envoy 1.40. The only room with `unsafe`.
//!
//! Declared by hand after Envoy's `source/extensions/dynamic_modules/abi/abi.h`, and held against the real Envoy by the tests
//! of the whole system. What Envoy offers is looked up by name when the module is loaded and not by the linker, so that an
//! Envoy without it is told what is missing. [`calls`] is what we ask of Envoy, [`hooks`] what Envoy asks of us.
#![expect(unsafe_code, reason = "another language is at the other end")]

pub(crate) mod calls;
mod hooks;

use std::{
    ffi::{CStr, c_char, c_int, c_uint, c_void},
    mem::transmute_copy,
    ptr,
    sync::OnceLock,
};

/// What the module says that it was made for. Envoy itself only warns where it is another one.
const ABI_VERSION: &CStr = c"v0.2.0";

/// Bytes that the other side owns, or that it may read during a call.
#[repr(C)]
#[derive(Clone, Copy)]
struct Buffer {
    data: *const u8,
    length: usize,
}

/// A header, its name and its value.
#[repr(C)]
#[derive(Clone, Copy)]
struct Header {
    name: Buffer,
    value: Buffer,
}

impl Buffer {
    const NONE: Self = Self { data: ptr::null(), length: 0 };

    fn of(bytes: &[u8]) -> Self {
        Self { data: bytes.as_ptr(), length: bytes.len() }
    }

    /// # Safety
    /// What it points at must live and stay as it is for as long as the result is used.
    unsafe fn bytes<'a>(self) -> &'a [u8] {
        if self.data.is_null() || self.length == 0 {
            return &[];
        }
        // SAFETY: not null, and the caller vouches for the rest.
        unsafe { std::slice::from_raw_parts(self.data, self.length) }
    }
}

impl Header {
    const NONE: Self = Self { name: Buffer::NONE, value: Buffer::NONE };
}

/// Declares the functions that Envoy offers, and looks them up.
macro_rules! callbacks {
    ($($name:ident: fn($($argument:ty),*) $(-> $answer:ty)?;)+) => {
        /// The functions that Envoy offers, all of which were found.
        struct Callbacks {
            $($name: unsafe extern "C" fn($($argument),*) $(-> $answer)?,)+
        }

        impl Callbacks {
            /// # Errors
            /// The names of those that this Envoy does not have.
            fn find() -> Result<Self, Vec<&'static str>> {
                $(let $name = symbol(concat!("envoy_dynamic_module_callback_", stringify!($name), "\0"));)+
                let missing = [$((stringify!($name), $name.is_null())),+];
                let missing: Vec<_> =
                    missing.into_iter().filter(|(_, missing)| *missing).map(|(name, _)| name).collect();
                if !missing.is_empty() {
                    return Err(missing);
                }
                Ok(Self {
                    $(
                        // SAFETY: a function that was found under its name, of the type that this ABI gives it.
                        $name: unsafe { transmute_copy(&$name) },
                    )+
                })
            }
        }
    };
}

callbacks! {
    log: fn(c_uint, Buffer);
    log_enabled: fn(c_uint) -> bool;
    is_validation_mode: fn() -> bool;
    http_filter_config_define_counter: fn(*mut c_void, Buffer, *const Buffer, usize, *mut usize) -> c_uint;
    http_filter_increment_counter: fn(*mut c_void, usize, *const Buffer, usize, u64) -> c_uint;
    http_get_headers_size: fn(*mut c_void, c_uint) -> usize;
    http_get_headers: fn(*mut c_void, c_uint, *mut Header) -> bool;
    http_add_header: fn(*mut c_void, c_uint, Buffer, Buffer) -> bool;
    http_set_header: fn(*mut c_void, c_uint, Buffer, Buffer) -> bool;
    http_send_response: fn(*mut c_void, u32, *const Header, usize, Buffer, Buffer);
    http_set_dynamic_metadata_struct: fn(*mut c_void, Buffer, Buffer) -> bool;
    http_filter_get_attribute_string: fn(*mut c_void, c_uint, *mut Buffer) -> bool;
    http_filter_get_attribute_int: fn(*mut c_void, c_uint, *mut u64) -> bool;
    http_filter_scheduler_new: fn(*mut c_void) -> *mut c_void;
    http_filter_scheduler_commit: fn(*mut c_void, u64);
    http_filter_scheduler_delete: fn(*mut c_void);
    http_filter_continue_decoding: fn(*mut c_void);
    get_most_specific_route_config: fn(*mut c_void) -> *const c_void;
}

static CALLBACKS: OnceLock<Callbacks> = OnceLock::new();

/// Where the program offers this name, which ends with a zero; null where it does not.
fn symbol(name: &'static str) -> *const c_void {
    let Ok(name) = CStr::from_bytes_with_nul(name.as_bytes()) else { return ptr::null() };
    // SAFETY: looks for a name among what is loaded, and changes nothing.
    unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) }
}

/// Keeps this library loaded for as long as the process lives, whatever the configuration says: its threads run in it.
fn stay_loaded() -> bool {
    let mut found = libc::Dl_info {
        dli_fname: ptr::null(),
        dli_fbase: ptr::null_mut(),
        dli_sname: ptr::null(),
        dli_saddr: ptr::null_mut(),
    };
    let here: *const c_char = ABI_VERSION.as_ptr();
    // SAFETY: an address of this library, and a place for what is found out about it.
    if unsafe { libc::dladdr(here.cast(), &raw mut found) } == 0 || found.dli_fname.is_null() {
        return false;
    }
    let flags: c_int = libc::RTLD_LAZY | libc::RTLD_NODELETE | libc::RTLD_NOLOAD;
    // SAFETY: the name of a library that is loaded already; nothing of it is run.
    !unsafe { libc::dlopen(found.dli_fname, flags) }.is_null()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_lacks_what_is_needed_is_told_what() {
        // This test's own program offers nothing of it.
        let missing = Callbacks::find().err().unwrap();
        assert_eq!(missing.len(), 18);
        assert!(missing.contains(&"http_set_dynamic_metadata_struct"), "{missing:?}");
    }

    #[test]
    fn what_is_handed_over_lies_as_the_abi_has_it() {
        assert_eq!((size_of::<Buffer>(), size_of::<Header>()), (16, 32));
        assert_eq!((align_of::<Buffer>(), align_of::<Header>()), (8, 8));
    }

    #[test]
    fn nothing_is_read_where_there_is_nothing() {
        // SAFETY: neither points at anything.
        assert_eq!(unsafe { Buffer::NONE.bytes() }, b"");
        let text = b"text";
        // SAFETY: `text` outlives what is read of it.
        assert_eq!(unsafe { Buffer::of(text).bytes() }, b"text");
    }
}
