//! Searches the quantized vector indexes of vecq, which map files into memory and are read by any
//! number of threads.
//!
//! ```
//! # fn main() -> Result<(), vecq::Error> {
//! # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../../tests/fixtures/format-1-ip.vecq");
//! use vecq::{Index, SearchOptions};
//!
//! let index = Index::open(path)?;
//! let query = vec![0.5; index.dim()];
//! let seen = [20, 30];
//! let options = SearchOptions { k: 3, exclude: &[&seen], ..Default::default() };
//! for (id, score) in index.search(&query, &options)?.of(0) {
//!     println!("{id} scores {score}");
//! }
//! # Ok(()) }
//! ```
//!
//! A handle is closed when it is dropped; a [`Filter`] borrows its [`Index`], so it cannot outlive
//! it. Everything is `Send` and `Sync`, and no call takes a lock that another search waits for.
#![warn(missing_docs)]

mod error;
mod filter;
mod groups;
mod index;
mod live;
mod names;
mod search;

pub use error::{Error, Status};
pub use filter::Filter;
pub use groups::Groups;
pub use index::{Index, Metric, Preload, Problem, Stats};
pub use live::{Live, LiveOptions, LiveStatus};
pub use search::{Cancellation, Effort, Plan, Results, SearchOptions};

use std::ffi::CStr;

/// The release of the library, as "1.2.3".
pub fn version() -> &'static str {
    let text = unsafe { CStr::from_ptr(vecq_sys::vecq_version()) };
    text.to_str().expect("a release is ASCII")
}
