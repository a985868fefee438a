//! String ids and the numbers that stand for them.

use std::os::raw::c_char;
use std::ptr;

use crate::error::call;
use crate::{Error, Index};

impl Index {
    /// The numbers of string ids, by which all other calls name items; -1 for unknown ones.
    pub fn numbers<S: AsRef<str>>(&self, names: &[S]) -> Result<Vec<i64>, Error> {
        let mut bytes = String::new();
        let mut offsets = vec![0];
        for name in names {
            bytes.push_str(name.as_ref());
            offsets.push(bytes.len() as i64);
        }
        let mut numbers = vec![0; names.len()];
        self.find(&bytes, &offsets, &mut numbers)?;
        Ok(numbers)
    }

    /// The string ids of numbers; empty where a number has none.
    pub fn names(&self, numbers: &[i64]) -> Result<Vec<String>, Error> {
        // An index that is read-only keeps the version of its numbers.
        let version = self.find("", &[0], &mut [])?;
        let mut bytes = vec![0_u8; 32 * numbers.len()];
        let mut offsets = vec![0_i64; numbers.len() + 1];
        loop {
            let (mut length, mut is_current) = (0, 0);
            call(|error| unsafe {
                vecq_sys::vecq_index_names(
                    self.handle(),
                    numbers.as_ptr(),
                    numbers.len(),
                    version,
                    bytes.as_mut_ptr() as *mut c_char,
                    bytes.len(),
                    offsets.as_mut_ptr(),
                    &mut length,
                    &mut is_current,
                    error,
                )
            })?;
            if length <= bytes.len() {
                break;
            }
            bytes.resize(length, 0);
        }
        let texts = offsets.windows(2).map(|at| &bytes[at[0] as usize..at[1] as usize]);
        Ok(texts.map(|text| String::from_utf8_lossy(text).into_owned()).collect())
    }

    /// Writes the numbers of the strings between offsets; returns the version of the numbering.
    fn find(&self, bytes: &str, offsets: &[i64], numbers: &mut [i64]) -> Result<u64, Error> {
        let mut version = 0;
        let start = if bytes.is_empty() { ptr::null() } else { bytes.as_ptr() as *const c_char };
        call(|error| unsafe {
            vecq_sys::vecq_index_find_ids(
                self.handle(),
                start,
                bytes.len(),
                offsets.as_ptr(),
                numbers.len(),
                numbers.as_mut_ptr(),
                &mut version,
                error,
            )
        })?;
        Ok(version)
    }
}
