//! Indexes that map a file.

use std::ffi::CString;
use std::mem::size_of;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;

use vecq_sys::{vecq_index, vecq_task};

use crate::error::{call, text};
use crate::Error;

/// The measure of similarity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Inner product.
    Ip,
    /// Cosine of the angle.
    Cosine,
    /// Minus the squared distance.
    L2,
}

/// What is read from a mapped file into memory before it is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Preload {
    /// Nothing.
    None = vecq_sys::VECQ_PRELOAD_NONE,
    /// What searches read, without the rerank store.
    Search = vecq_sys::VECQ_PRELOAD_SEARCH,
    /// Everything.
    All = vecq_sys::VECQ_PRELOAD_ALL,
    /// As `Search`, copied to memory that no other process shares.
    Copy = vecq_sys::VECQ_PRELOAD_COPY,
}

/// A violated invariant that [`Index::check`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Such as "links of layer 0, node 17".
    pub location: String,
    /// Such as "links to itself".
    pub message: String,
}

/// Statistics of an index.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stats {
    /// Number of items.
    pub items: usize,
    /// Items on each layer of the graph.
    pub layers: Vec<usize>,
    /// Items that no walk can reach.
    pub unreachable: usize,
    /// Items kept out of the graph, of norm near 0.
    pub kept_out: usize,
    /// Slots of removed items, to be reused.
    pub free_slots: usize,
    /// Bytes of codes.
    pub code_bytes: usize,
    /// Bytes of links.
    pub link_bytes: usize,
    /// Bytes of ids.
    pub id_bytes: usize,
    /// Bytes of the rerank store.
    pub rerank_bytes: usize,
}

/// An index that maps a file read-only. Threads may share it.
#[derive(Debug)]
pub struct Index {
    own: *const vecq_index,
    close: unsafe fn(*const vecq_index),
    dim: usize,
    metric: Metric,
}

// The library allows calls on one index from any number of threads.
unsafe impl Send for Index {}
unsafe impl Sync for Index {}

impl Drop for Index {
    fn drop(&mut self) {
        unsafe { (self.close)(self.own) }
    }
}

impl Index {
    /// Opens the index in a file. Rows are read when searches touch them.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = c_path(path.as_ref())?;
        let mut own = ptr::null_mut();
        call(|error| unsafe {
            vecq_sys::vecq_index_open_file(path.as_ptr(), 0, &mut own, error)
        })?;
        Self::of(own, |index| unsafe {
            vecq_sys::vecq_index_close(index as *mut vecq_index)
        })
    }

    /// Takes over a handle, which `close` gives back.
    pub(crate) fn of(
        own: *const vecq_index,
        close: unsafe fn(*const vecq_index),
    ) -> Result<Self, Error> {
        let mut index = Self {
            own,
            close,
            dim: 0,
            metric: Metric::Ip,
        };
        let mut about = vecq_sys::vecq_index_description {
            struct_size: size_of::<vecq_sys::vecq_index_description>(),
            ..Default::default()
        };
        let mut options = vecq_sys::vecq_index_options {
            struct_size: size_of::<vecq_sys::vecq_index_options>(),
            ..Default::default()
        };
        call(|error| unsafe {
            let none = ptr::null_mut();
            vecq_sys::vecq_index_describe(own, &mut about, &mut options, none, none, error)
        })?;
        index.dim = about.dim;
        index.metric = match options.metric {
            vecq_sys::VECQ_COSINE => Metric::Cosine,
            vecq_sys::VECQ_L2 => Metric::L2,
            _ => Metric::Ip,
        };
        Ok(index)
    }

    pub(crate) fn handle(&self) -> *const vecq_index {
        self.own
    }

    /// Dimensions of a vector.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The measure of similarity.
    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// Number of items.
    pub fn len(&self) -> Result<usize, Error> {
        let mut size = 0;
        call(|error| unsafe { vecq_sys::vecq_index_size(self.own, &mut size, error) })?;
        Ok(size)
    }

    /// Whether the index has no items.
    pub fn is_empty(&self) -> Result<bool, Error> {
        Ok(self.len()? == 0)
    }

    /// Whether the index has an item of this id.
    pub fn contains(&self, id: i64) -> Result<bool, Error> {
        let mut found = 0;
        call(|error| unsafe {
            vecq_sys::vecq_index_contains(self.own, &id, 1, &mut found, error)
        })?;
        Ok(found != 0)
    }

    /// All ids in order of insertion.
    pub fn ids(&self) -> Result<Vec<i64>, Error> {
        let mut ids = vec![0; self.len()?];
        let mut count = 0;
        call(|error| unsafe {
            vecq_sys::vecq_index_ids(self.own, ids.as_mut_ptr(), ids.len(), &mut count, error)
        })?;
        Ok(ids)
    }

    /// The decoded vectors of ids, one after the other.
    pub fn vectors(&self, ids: &[i64]) -> Result<Vec<f32>, Error> {
        let mut vectors = vec![0.0; ids.len() * self.dim];
        call(|error| unsafe {
            let out = vectors.as_mut_ptr();
            vecq_sys::vecq_index_get(self.own, ids.as_ptr(), ids.len(), out, error)
        })?;
        Ok(vectors)
    }

    /// Statistics of the whole graph. Reads all of it.
    pub fn stats(&self) -> Result<Stats, Error> {
        let mut own = vecq_sys::vecq_index_stats {
            struct_size: size_of::<vecq_sys::vecq_index_stats>(),
            ..Default::default()
        };
        call(|error| unsafe { vecq_sys::vecq_index_get_stats(self.own, &mut own, error) })?;
        Ok(Stats {
            items: own.rows,
            layers: own.layer_rows[..own.layers].to_vec(),
            unreachable: own.unreachable,
            kept_out: own.kept_out,
            free_slots: own.free_slots,
            code_bytes: own.code_bytes,
            link_bytes: own.link_bytes,
            id_bytes: own.id_bytes,
            rerank_bytes: own.rerank_bytes,
        })
    }

    /// Reads the mapped file into memory.
    pub fn preload(&self, what: Preload) -> Result<(), Error> {
        // A read-only index is not changed: its pages are only touched or copied.
        let index = self.own as *mut vecq_index;
        let task = Task::begin(|task, error| unsafe {
            vecq_sys::vecq_task_preload(index, what as i32, 0, task, error)
        })?;
        task.finish()
    }

    /// Compares the checksums of the file and, if `deep`, looks for violated invariants. Returns
    /// the first problems found.
    pub fn check(&self, deep: bool) -> Result<Vec<Problem>, Error> {
        let task = Task::begin(|task, error| unsafe {
            vecq_sys::vecq_task_check(self.own, deep as i32, task, error)
        })?;
        task.finish()?;
        let (mut listed, mut count) = (0, 0);
        let mut problems = [vecq_sys::vecq_problem::default(); 16];
        call(|error| unsafe {
            let (out, capacity) = (problems.as_mut_ptr(), problems.len());
            vecq_sys::vecq_task_problems(task.0, out, capacity, &mut listed, &mut count, error)
        })?;
        let own = problems.iter().take(listed);
        Ok(own
            .map(|one| Problem {
                location: text(&one.location),
                message: text(&one.message),
            })
            .collect())
    }
}

/// A native task, closed when it is dropped.
struct Task(*mut vecq_task);

impl Task {
    fn begin(
        make: impl FnOnce(*mut *mut vecq_task, *mut vecq_sys::vecq_error) -> i32,
    ) -> Result<Self, Error> {
        let mut task = ptr::null_mut();
        call(|error| make(&mut task, error))?;
        Ok(Self(task))
    }

    fn finish(&self) -> Result<(), Error> {
        let (mut done, mut total) = (0, 1);
        while done < total {
            call(|error| unsafe {
                vecq_sys::vecq_task_step(self.0, &mut done, &mut total, error)
            })?;
        }
        Ok(())
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        unsafe { vecq_sys::vecq_task_close(self.0) }
    }
}

pub(crate) fn c_path(path: &Path) -> Result<CString, Error> {
    CString::new(path.as_os_str().as_bytes())
        .map_err(|_| Error::invalid("path", "path contains a byte 0".into()))
}
