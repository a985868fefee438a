//! Errors of the library as Rust errors.

use std::fmt;
use std::io;
use std::os::raw::{c_char, c_int};

/// Why a call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// An argument has a value that is not allowed.
    InvalidArgument,
    /// This machine lacks the instruction set that `VECQ_ISA` names.
    Unsupported,
    /// There is not enough memory.
    OutOfMemory,
    /// A defect of vecq.
    Internal,
    /// The operating system refused a call; see [`Error::system`].
    FileError,
    /// A file is damaged, or is not a file of vecq.
    CorruptFile,
    /// A change of an index that was opened read-only.
    ReadOnly,
    /// A file has changed since the index was opened from it.
    ChangedFile,
    /// The search was cancelled.
    Cancelled,
}

/// A failed call: what was expected, and of which argument.
#[derive(Clone, Debug)]
pub struct Error {
    status: Status,
    argument: String,
    message: String,
    system: i32,
}

impl Error {
    /// Why the call failed.
    pub fn status(&self) -> Status {
        self.status
    }

    /// The argument at fault; empty if none.
    pub fn argument(&self) -> &str {
        &self.argument
    }

    /// The error of the operating system that a file operation met.
    pub fn system(&self) -> Option<io::Error> {
        (self.system != 0).then(|| io::Error::from_raw_os_error(self.system))
    }

    pub(crate) fn invalid(argument: &str, message: String) -> Self {
        Self {
            status: Status::InvalidArgument,
            argument: argument.into(),
            message,
            system: 0,
        }
    }

    pub(crate) fn out_of_memory() -> Self {
        Self {
            status: Status::OutOfMemory,
            argument: String::new(),
            message: "out of memory".into(),
            system: 0,
        }
    }

    pub(crate) fn of(status: c_int, error: &vecq_sys::vecq_error) -> Self {
        Self {
            status: match status {
                vecq_sys::VECQ_INVALID_ARGUMENT => Status::InvalidArgument,
                vecq_sys::VECQ_UNSUPPORTED => Status::Unsupported,
                vecq_sys::VECQ_OUT_OF_MEMORY => Status::OutOfMemory,
                vecq_sys::VECQ_FILE_ERROR => Status::FileError,
                vecq_sys::VECQ_CORRUPT_FILE => Status::CorruptFile,
                vecq_sys::VECQ_READ_ONLY => Status::ReadOnly,
                vecq_sys::VECQ_CHANGED_FILE => Status::ChangedFile,
                vecq_sys::VECQ_CANCELLED => Status::Cancelled,
                _ => Status::Internal,
            },
            argument: text(&error.argument),
            message: text(&error.message),
            system: error.system,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// The text before the first 0.
pub(crate) fn text(bytes: &[c_char]) -> String {
    let own: Vec<u8> = bytes.iter().take_while(|&&c| c != 0).map(|&c| c as u8).collect();
    String::from_utf8_lossy(&own).into_owned()
}

/// Calls `function(error)` and converts its status.
pub(crate) fn call(function: impl FnOnce(*mut vecq_sys::vecq_error) -> c_int) -> Result<(), Error> {
    // The library writes the struct only if the call fails, and then all of it.
    let mut error = std::mem::MaybeUninit::<vecq_sys::vecq_error>::zeroed();
    match function(error.as_mut_ptr()) {
        vecq_sys::VECQ_OK => Ok(()),
        status => Err(Error::of(status, unsafe { &error.assume_init() })),
    }
}
