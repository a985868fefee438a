//! Live indexes: handles that follow a file.

use std::mem::size_of;
use std::path::Path;
use std::ptr;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use vecq_sys::vecq_live;

use crate::error::call;
use crate::index::c_path;
use crate::{Error, Index, Preload, Results, SearchOptions};

/// Options of a live index.
#[derive(Clone, Debug)]
pub struct LiveOptions {
    /// What is read into memory before an index is used (default: what searches read).
    pub preload: Preload,
    /// Whether the checksums of a file are compared before it is used (default: true).
    pub checks_sums: bool,
    /// How often a thread looks for a new file (default: every second; `None`: only
    /// [`Live::refresh`] does).
    pub interval: Option<Duration>,
}

impl Default for LiveOptions {
    fn default() -> Self {
        Self {
            preload: Preload::Search,
            checks_sums: true,
            interval: Some(Duration::from_secs(1)),
        }
    }
}

/// The state of a live index.
#[derive(Clone, Debug)]
pub struct LiveStatus {
    /// Of the index in use: 1, and 1 more with each swap.
    pub version: u64,
    /// Files that were refused.
    pub failures: u64,
    /// Modification time of the file in use.
    pub modified: SystemTime,
    /// Why the last refresh failed; `None`: it did not.
    pub error: Option<Error>,
}

/// An index that follows a file: a new file of the same name is opened, checked, loaded and swapped
/// in, while searches finish on the index that they began with. A file that cannot be used leaves
/// the index in use, and [`Live::status`] reports it.
///
/// ```
/// # fn main() -> Result<(), vecq::Error> {
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../../tests/fixtures/format-1-l2.vecq");
/// let live = vecq::Live::open(path, &Default::default())?;
/// let index = live.index()?; // stays open, whatever happens to the file
/// let found = index.search(&vec![0.5; index.dim()], &Default::default())?;
/// assert_eq!(found.ids(0).len(), 10);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Live {
    own: Arc<Handle>,
    stop: Arc<(Mutex<bool>, Condvar)>,
    watcher: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Handle(*mut vecq_live);

// The library allows calls on one live index from any number of threads.
unsafe impl Send for Handle {}
unsafe impl Sync for Handle {}

impl Drop for Handle {
    fn drop(&mut self) {
        unsafe { vecq_sys::vecq_live_close(self.0) }
    }
}

impl Handle {
    fn refresh(&self, retry: bool) -> Result<bool, Error> {
        let mut swapped = 0;
        call(|error| unsafe {
            vecq_sys::vecq_live_refresh(self.0, retry as i32, &mut swapped, error)
        })?;
        Ok(swapped != 0)
    }
}

impl Live {
    /// Opens a file, which must be usable, and follows it.
    pub fn open(path: impl AsRef<Path>, options: &LiveOptions) -> Result<Self, Error> {
        let path = c_path(path.as_ref())?;
        let native = vecq_sys::vecq_live_options {
            struct_size: size_of::<vecq_sys::vecq_live_options>(),
            preload: options.preload as i32,
            skip_checksums: !options.checks_sums as i32,
        };
        let mut own = ptr::null_mut();
        call(|error| unsafe {
            vecq_sys::vecq_live_open(path.as_ptr(), &native, &mut own, error)
        })?;
        let own = Arc::new(Handle(own));
        let stop = Arc::new((Mutex::new(false), Condvar::new()));
        let watcher = options.interval.map(|interval| {
            let (own, stop) = (own.clone(), stop.clone());
            std::thread::spawn(move || watch(&own, &stop, interval))
        });
        Ok(Self { own, stop, watcher })
    }

    /// The index in use. It stays open until it is dropped, also if it is replaced meanwhile.
    pub fn index(&self) -> Result<Index, Error> {
        self.lease().map(|(index, _)| index)
    }

    /// The index in use and its version.
    pub fn lease(&self) -> Result<(Index, u64), Error> {
        let (mut index, mut version) = (ptr::null(), 0);
        call(|error| unsafe {
            vecq_sys::vecq_live_acquire(self.own.0, &mut index, &mut version, error)
        })?;
        let index = Index::of(index, |own| unsafe { vecq_sys::vecq_live_release(own) })?;
        Ok((index, version))
    }

    /// Searches the index in use.
    pub fn search(&self, queries: &[f32], options: &SearchOptions) -> Result<Results, Error> {
        self.index()?.search(queries, options)
    }

    /// Looks for a new file now. Returns whether it was swapped in, or why it cannot be used. A file
    /// that was refused is tried again only if `retry`, or once it has changed.
    pub fn refresh(&self, retry: bool) -> Result<bool, Error> {
        self.own.refresh(retry)
    }

    /// The state of the index in use and of the last refresh.
    pub fn status(&self) -> Result<LiveStatus, Error> {
        let mut own = vecq_sys::vecq_live_status {
            struct_size: size_of::<vecq_sys::vecq_live_status>(),
            ..Default::default()
        };
        call(|error| unsafe { vecq_sys::vecq_live_get_status(self.own.0, &mut own, error) })?;
        let since_1970 = Duration::from_nanos(own.changed_ns.max(0) as u64);
        Ok(LiveStatus {
            version: own.version,
            failures: own.failures,
            modified: SystemTime::UNIX_EPOCH + since_1970,
            error: (own.failed != vecq_sys::VECQ_OK).then(|| Error::of(own.failed, &own.error)),
        })
    }
}

impl Drop for Live {
    /// Waits for a refresh in progress.
    fn drop(&mut self) {
        *self.stop.0.lock().unwrap() = true;
        self.stop.1.notify_all();
        if let Some(watcher) = self.watcher.take() {
            let _ = watcher.join();
        }
    }
}

fn watch(own: &Handle, (stop, wake): &(Mutex<bool>, Condvar), interval: Duration) {
    let mut stopped = stop.lock().unwrap();
    while !*stopped {
        let (guard, waited) = wake.wait_timeout(stopped, interval).unwrap();
        drop(guard);
        if waited.timed_out() {
            let _ = own.refresh(false); // the status keeps the error
        }
        stopped = stop.lock().unwrap();
    }
}
