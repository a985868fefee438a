//! Filters: sets of allowed items.

use std::marker::PhantomData;
use std::mem::size_of;
use std::ptr;

use vecq_sys::{vecq_choice, vecq_filter};

use crate::error::call;
use crate::{Error, Index};

/// A set of allowed items of an index, for any number of searches.
#[derive(Debug)]
pub struct Filter<'a> {
    own: *mut vecq_filter,
    index: PhantomData<&'a Index>,
}

// The library locks a filter where that is needed.
unsafe impl Send for Filter<'_> {}
unsafe impl Sync for Filter<'_> {}

impl Filter<'_> {
    /// Number of items that the filter allows.
    pub fn count(&self) -> Result<usize, Error> {
        let mut count = 0;
        call(|error| unsafe { vecq_sys::vecq_filter_count(self.own, &mut count, error) })?;
        Ok(count)
    }

    pub(crate) fn handle(&self) -> *const vecq_filter {
        self.own
    }
}

impl Drop for Filter<'_> {
    fn drop(&mut self) {
        unsafe { vecq_sys::vecq_filter_close(self.own) }
    }
}

impl Index {
    /// Creates a filter of the ids of `allow` (`None`: all) that are not in `deny` (`None`: none).
    /// Unknown ids are ignored.
    pub fn filter(&self, allow: Option<&[i64]>, deny: Option<&[i64]>) -> Result<Filter<'_>, Error> {
        let allowed = allow.map(choice);
        let denied = deny.map(choice);
        let pointer = |own: &Option<vecq_choice>| own.as_ref().map_or(ptr::null(), |own| own);
        let mut filter = ptr::null_mut();
        call(|error| unsafe {
            let (allow, deny) = (pointer(&allowed), pointer(&denied));
            vecq_sys::vecq_filter_open(self.handle(), allow, deny, &mut filter, error)
        })?;
        Ok(Filter {
            own: filter,
            index: PhantomData,
        })
    }
}

fn choice(ids: &[i64]) -> vecq_choice {
    vecq_choice {
        struct_size: size_of::<vecq_choice>(),
        ids: if ids.is_empty() { ptr::null() } else { ids.as_ptr() },
        count: ids.len(),
        ..Default::default()
    }
}
