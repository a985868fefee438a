//! Groups: items that belong together, of which a query returns a limited number.

use std::collections::HashMap;
use std::hash::Hash;
use std::ptr;

use vecq_sys::vecq_groups;

use crate::error::call;
use crate::Error;

/// The group of each item, such as its seller, for any number of searches and indexes.
#[derive(Debug)]
pub struct Groups {
    own: *mut vecq_groups,
}

// Groups do not change.
unsafe impl Send for Groups {}
unsafe impl Sync for Groups {}

impl Groups {
    /// Creates groups: the group of `ids[i]` is named by `keys[i]`. Items of other ids are a group
    /// of their own each.
    pub fn new<K: Hash + Eq>(ids: &[i64], keys: &[K]) -> Result<Self, Error> {
        if ids.len() != keys.len() {
            let message = format!(
                "groups has {} keys, expected one for each of {} ids",
                keys.len(),
                ids.len()
            );
            return Err(Error::invalid("groups", message));
        }
        let mut known = HashMap::new();
        let mut numbers = Vec::with_capacity(keys.len());
        for key in keys {
            let next = known.len() as u32;
            numbers.push(*known.entry(key).or_insert(next));
        }
        let mut own = ptr::null_mut();
        call(|error| unsafe {
            let (count, out) = (ids.len(), &mut own);
            vecq_sys::vecq_groups_open(ids.as_ptr(), numbers.as_ptr(), count, out, error)
        })?;
        Ok(Self { own })
    }

    pub(crate) fn handle(&self) -> *const vecq_groups {
        self.own
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        unsafe { vecq_sys::vecq_groups_close(self.own) }
    }
}
