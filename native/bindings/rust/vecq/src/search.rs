//! Options and results of searches.

use std::ffi::CString;
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering};

use crate::{Error, Filter, Groups, Index};

/// How a search finds items.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(i32)]
pub enum Plan {
    /// `Walk` or `Scan`, by estimated cost.
    #[default]
    Auto = vecq_sys::VECQ_PLAN_AUTO,
    /// Walks the graph.
    Walk = vecq_sys::VECQ_PLAN_WALK,
    /// Walks the graph, expanding rejected nodes without scoring them.
    StepOver = vecq_sys::VECQ_PLAN_STEP_OVER,
    /// Scores all allowed items.
    Scan = vecq_sys::VECQ_PLAN_SCAN,
    /// Scores the allowed items of the nearest cells, for large batches on an index that was
    /// partitioned.
    Probe = vecq_sys::VECQ_PLAN_PROBE,
}

impl Plan {
    fn of(plan: i32) -> Self {
        match plan {
            vecq_sys::VECQ_PLAN_WALK => Plan::Walk,
            vecq_sys::VECQ_PLAN_STEP_OVER => Plan::StepOver,
            vecq_sys::VECQ_PLAN_SCAN => Plan::Scan,
            vecq_sys::VECQ_PLAN_PROBE => Plan::Probe,
            _ => Plan::Auto,
        }
    }
}

/// A flag by which any thread ends a search of several queries early, with
/// [`Status::Cancelled`](crate::Status::Cancelled).
#[derive(Debug, Default)]
pub struct Cancellation(AtomicI32);

impl Cancellation {
    /// Creates a flag that is not set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the searches that were given this flag.
    pub fn cancel(&self) {
        self.0.store(1, Ordering::Relaxed);
    }
}

/// Options of a search.
#[derive(Clone, Debug)]
pub struct SearchOptions<'a> {
    /// Results per query (default: 10).
    pub k: usize,
    /// Beam width of a walk (default: by `target_recall`, otherwise `k + 100`; with codes in
    /// planes at least `1.25 k + 8`).
    pub ef: Option<usize>,
    /// The recall to reach, by the recall curve that the index keeps.
    pub target_recall: Option<f64>,
    /// Candidates rescored on the rerank store (default: as measured with the recall curve; before
    /// that 1.25 k + 8, of int4 codes 2 k + 50).
    pub rerank: Option<usize>,
    /// How items are found.
    pub plan: Plan,
    /// Cells that `Plan::Probe` scans for each query (default: enough for most results).
    pub probes: Option<usize>,
    /// Threads of a call with several queries (default: 1; 0: all cores).
    pub threads: usize,
    /// The allowed items; a filter of the same index.
    pub filter: Option<&'a Filter<'a>>,
    /// The ids that each query does not return; empty, or as many lists as queries.
    pub exclude: &'a [&'a [i64]],
    /// A flag that ends the search early.
    pub cancelled: Option<&'a Cancellation>,
    /// Conditions on attributes, such as "price < 100 and tags has 'new'": none, one for all
    /// queries, or one for each, where `None` allows all items.
    pub conditions: &'a [Option<&'a str>],
    /// Weights of the items' biases, one for each query; empty: 1.
    pub bias_weights: &'a [f32],
    /// Groups, of which a query has at most `per_group` results each.
    pub group_by: Option<&'a Groups>,
    /// Results of a query that may be of one group (default: 1).
    pub per_group: usize,
    /// 0 to 1: picks results unlike each other among the best `candidates` (default: 0).
    pub diversity: f32,
    /// Candidates of `diversity`, raised to `k` (default: 500).
    pub candidates: usize,
}

impl Default for SearchOptions<'_> {
    fn default() -> Self {
        Self {
            k: 10,
            ef: None,
            target_recall: None,
            rerank: None,
            plan: Plan::Auto,
            probes: None,
            threads: 1,
            filter: None,
            exclude: &[],
            cancelled: None,
            conditions: &[],
            bias_weights: &[],
            group_by: None,
            per_group: 1,
            diversity: 0.0,
            candidates: 500,
        }
    }
}

/// The beam width and the rerank count of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// Beam width of a walk.
    pub ef: usize,
    /// Candidates rescored on the rerank store; 0 without one.
    pub rerank: usize,
}

/// The results of a search, best first for each query.
#[derive(Clone, Debug)]
pub struct Results {
    k: usize,
    ids: Vec<i64>,
    scores: Vec<f32>,
    counts: Vec<i64>,
    report: vecq_sys::vecq_search_report,
}

impl Results {
    /// Number of queries.
    pub fn queries(&self) -> usize {
        self.counts.len()
    }

    /// Ids found for a query: `k` of them if as many items are allowed.
    pub fn ids(&self, query: usize) -> &[i64] {
        &self.ids[query * self.k..][..self.counts[query] as usize]
    }

    /// Scores of these ids; higher is better.
    pub fn scores(&self, query: usize) -> &[f32] {
        &self.scores[query * self.k..][..self.counts[query] as usize]
    }

    /// Ids and scores of a query.
    pub fn of(&self, query: usize) -> impl Iterator<Item = (i64, f32)> + '_ {
        self.ids(query).iter().copied().zip(self.scores(query).iter().copied())
    }

    /// The plan that was used.
    pub fn plan(&self) -> Plan {
        Plan::of(self.report.plan)
    }

    /// Nodes whose neighbor lists were read, over all queries.
    pub fn hops(&self) -> u64 {
        self.report.hops
    }

    /// Distance computations, over all queries.
    pub fn scored_rows(&self) -> u64 {
        self.report.scored_rows
    }
}

/// Exclusions of all queries as the C ABI takes them.
struct Exclusions {
    offsets: Vec<i64>,
    ids: Vec<i64>,
}

impl Exclusions {
    fn of(lists: &[&[i64]], queries: usize) -> Result<Self, Error> {
        if !lists.is_empty() && lists.len() != queries {
            let message = format!(
                "exclude has ids for {} queries, expected {}",
                lists.len(),
                queries
            );
            return Err(Error::invalid("exclude", message));
        }
        let mut own = Self {
            offsets: Vec::new(),
            ids: Vec::new(),
        };
        if !lists.is_empty() {
            own.offsets.push(0);
        }
        for list in lists {
            own.ids.extend_from_slice(list);
            own.offsets.push(own.ids.len() as i64);
        }
        Ok(own)
    }
}

/// Conditions as the C ABI takes them.
struct Conditions {
    _texts: Vec<Option<CString>>,
    pointers: Vec<*const std::os::raw::c_char>,
}

impl Conditions {
    fn of(conditions: &[Option<&str>]) -> Result<Self, Error> {
        let mut texts = Vec::new();
        for condition in conditions {
            texts.push(condition.map(CString::new).transpose().map_err(|error| {
                let message = format!("where, at byte {}: a null character", error.nul_position());
                Error::invalid("where", message)
            })?);
        }
        let pointer = |text: &Option<CString>| text.as_ref().map_or(ptr::null(), |own| own.as_ptr());
        let pointers = texts.iter().map(pointer).collect();
        Ok(Self {
            _texts: texts,
            pointers,
        })
    }
}

impl Index {
    /// Finds the best `k` items for each query. `queries` holds vectors of `dim` values, one after
    /// the other.
    pub fn search(&self, queries: &[f32], options: &SearchOptions) -> Result<Results, Error> {
        if queries.len() % self.dim() != 0 {
            let message = format!(
                "queries has {} values, expected a multiple of dim, {}",
                queries.len(),
                self.dim()
            );
            return Err(Error::invalid("queries", message));
        }
        let count = queries.len() / self.dim();
        let exclusions = Exclusions::of(options.exclude, count)?;
        let conditions = Conditions::of(options.conditions)?;
        let mut native = self.native_options(options, &exclusions)?;
        native.r#where = conditions.pointers.as_ptr();
        native.where_count = conditions.pointers.len();
        if !options.bias_weights.is_empty() {
            if options.bias_weights.len() != count {
                let message = format!(
                    "bias_weights has {} weights, expected one for each of {} queries",
                    options.bias_weights.len(),
                    count
                );
                return Err(Error::invalid("bias_weights", message));
            }
            native.bias_weights = options.bias_weights.as_ptr();
        }
        let places = count.saturating_mul(options.k);
        let mut found = Results {
            k: options.k,
            ids: with_places(places)?,
            scores: with_places(places)?,
            counts: with_places(count)?,
            report: vecq_sys::vecq_search_report {
                struct_size: std::mem::size_of::<vecq_sys::vecq_search_report>(),
                ..Default::default()
            },
        };
        crate::error::call(|error| unsafe {
            vecq_sys::vecq_index_search(
                self.handle(),
                &native,
                queries.as_ptr(),
                count,
                found.ids.as_mut_ptr(),
                found.scores.as_mut_ptr(),
                found.counts.as_mut_ptr(),
                &mut found.report,
                error,
            )
        })?;
        // A search that succeeds fills all places.
        unsafe {
            found.ids.set_len(places);
            found.scores.set_len(places);
            found.counts.set_len(count);
        }
        Ok(found)
    }

    /// The ef that reaches a target recall by the index's curve (default: as `SearchOptions::ef`), and the
    /// default rerank count.
    pub fn effort(&self, k: usize, target_recall: Option<f64>) -> Result<Effort, Error> {
        let mut effort = Effort { ef: 0, rerank: 0 };
        let recall = target_recall.unwrap_or(0.0);
        crate::error::call(|error| unsafe {
            let (ef, rerank) = (&mut effort.ef, &mut effort.rerank);
            vecq_sys::vecq_index_effort(self.handle(), k, recall, ef, rerank, error)
        })?;
        Ok(effort)
    }

    fn native_options(
        &self,
        options: &SearchOptions,
        exclusions: &Exclusions,
    ) -> Result<vecq_sys::vecq_search_options, Error> {
        if options.ef.is_some() && options.target_recall.is_some() {
            let message = "ef and target_recall are both given, expected one".into();
            return Err(Error::invalid("ef", message));
        }
        let mut native = vecq_sys::vecq_search_options {
            struct_size: std::mem::size_of::<vecq_sys::vecq_search_options>(),
            k: options.k,
            plan: options.plan as i32,
            probes: options.probes.unwrap_or(0),
            threads: options.threads,
            ..Default::default()
        };
        let effort = self.effort(options.k, options.target_recall)?;
        native.ef = options.ef.unwrap_or(effort.ef);
        native.rerank = options.rerank.unwrap_or(effort.rerank);
        if let Some(filter) = options.filter {
            native.filter = filter.handle();
        }
        if !exclusions.offsets.is_empty() {
            native.exclude_offsets = exclusions.offsets.as_ptr();
            native.exclude_ids = exclusions.ids.as_ptr();
        }
        if let Some(flag) = options.cancelled {
            // An AtomicI32 has the size and the bits of an i32; the library reads it atomically.
            native.cancelled = &flag.0 as *const AtomicI32 as *const i32;
        }
        if let Some(groups) = options.group_by {
            native.groups = groups.handle();
            native.per_group = options.per_group;
        }
        if options.diversity != 0.0 {
            native.diversity = options.diversity;
            native.candidates = options.candidates.max(options.k);
        }
        Ok(native)
    }
}

/// An empty vector with capacity for `places` elements.
fn with_places<T>(places: usize) -> Result<Vec<T>, Error> {
    let mut own = Vec::new();
    own.try_reserve_exact(places).map_err(|_| Error::out_of_memory())?;
    Ok(own)
}
