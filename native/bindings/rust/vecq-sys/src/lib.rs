//! The entries of `vecq.h` that the crate `vecq` calls, with the names and the documentation of
//! that header. Applications use the crate `vecq`.
#![allow(non_camel_case_types)]

use std::os::raw::{c_char, c_int, c_void};

macro_rules! handles {
    ($($name:ident),*) => {$(
        #[repr(C)]
        pub struct $name {
            _private: [u8; 0],
            _marker: std::marker::PhantomData<(*mut u8, std::marker::PhantomPinned)>,
        }
    )*};
}
handles!(vecq_index, vecq_filter, vecq_groups, vecq_task, vecq_live);

/// Declares structs of the header, and their layouts for the test of this crate.
macro_rules! structs {
    ($($(#[$about:meta])* struct $name:ident { $($field:ident: $kind:ty,)* })*) => {
        $(
            $(#[$about])*
            #[repr(C)]
            #[derive(Clone, Copy, Debug)]
            pub struct $name { $(pub $field: $kind,)* }

            impl Default for $name {
                /// All bytes are 0, which asks for defaults.
                fn default() -> Self {
                    unsafe { std::mem::zeroed() }
                }
            }
        )*

        /// The name and bytes of each struct, with the names and offsets of its fields.
        #[doc(hidden)]
        pub fn layouts() -> Vec<(&'static str, usize, Vec<(&'static str, usize)>)> {
            vec![$({
                let own = $name::default();
                let start = &own as *const $name as usize;
                let fields = vec![
                    $((stringify!($field), std::ptr::addr_of!(own.$field) as usize - start)),*
                ];
                (stringify!($name), std::mem::size_of::<$name>(), fields)
            }),*]
        }
    };
}

structs! {
    struct vecq_error {
        argument: [c_char; 32],
        system: i32,
        message: [c_char; 476],
    }

    struct vecq_search_options {
        struct_size: usize,
        k: usize,
        ef: usize,
        rerank: usize,
        query_bits: i32,
        plan: i32,
        threads: usize,
        filter: *const vecq_filter,
        exclude_offsets: *const i64,
        exclude_ids: *const i64,
        first_query: usize,
        cancelled: *const i32,
        bias_weights: *const f32,
        groups: *const vecq_groups,
        per_group: usize,
        candidates: usize,
        diversity: f32,
        reserved: i32,
        r#where: *const *const c_char,
        where_count: usize,
        probes: usize,
    }

    struct vecq_search_report {
        struct_size: usize,
        hops: u64,
        scored_rows: u64,
        plan: i32,
        reserved: i32,
        allowed_rows: u64,
        walks_completed_by_scan: u64,
        walk_cost_seconds: f64,
        step_over_cost_seconds: f64,
        scan_cost_seconds: f64,
        probe_cost_seconds: f64,
    }

    struct vecq_index_stats {
        struct_size: usize,
        rows: usize,
        layers: usize,
        layer_rows: [usize; 16],
        degrees: [usize; 513],
        unreachable: usize,
        kept_out: usize,
        free_slots: usize,
        code_bytes: usize,
        link_bytes: usize,
        id_bytes: usize,
        rerank_bytes: usize,
        attribute_bytes: usize,
        cells: usize,
        cell_bytes: usize,
    }

    struct vecq_choice {
        struct_size: usize,
        ids: *const i64,
        mask: *const u8,
        filter: *const vecq_filter,
        count: usize,
    }

    struct vecq_index_options {
        struct_size: usize,
        metric: i32,
        link: i32,
        m: usize,
        ef_construction: usize,
        seed: u64,
        attributes: *const c_void,
        attribute_count: usize,
    }

    struct vecq_codec_options {
        struct_size: usize,
        width: i32,
        scale: i32,
        calibration: i32,
        center: i32,
        rotate: i32,
        unbiased: i32,
        percentile: f64,
        seed: u64,
    }

    struct vecq_index_description {
        struct_size: usize,
        dim: usize,
        has_rerank_codec: usize,
    }

    struct vecq_problem {
        location: [c_char; 80],
        message: [c_char; 176],
    }

    struct vecq_live_options {
        struct_size: usize,
        preload: i32,
        skip_checksums: i32,
    }

    struct vecq_live_status {
        struct_size: usize,
        version: u64,
        failures: u64,
        changed_ns: i64,
        failed: i32,
        reserved: i32,
        error: vecq_error,
    }
}

/// Declares functions of the header, and their names for the test of this crate.
macro_rules! functions {
    ($(fn $name:ident($($argument:ident: $kind:ty),* $(,)?) $(-> $result:ty)?;)*) => {
        extern "C" {
            $(pub fn $name($($argument: $kind),*) $(-> $result)?;)*
        }

        /// Name and number of arguments of each function.
        #[doc(hidden)]
        pub fn functions() -> Vec<(&'static str, usize)> {
            vec![$({
                let arguments: &[&str] = &[$(stringify!($argument)),*];
                (stringify!($name), arguments.len())
            }),*]
        }
    };
}

functions! {
    fn vecq_version() -> *const c_char;
    fn vecq_isa_active(name: *mut *const c_char, error: *mut vecq_error) -> c_int;
    fn vecq_shutdown();
    fn vecq_index_open_file(
        path: *const c_char, writable: i32, index: *mut *mut vecq_index, error: *mut vecq_error,
    ) -> c_int;
    fn vecq_index_close(index: *mut vecq_index);
    fn vecq_index_size(
        index: *const vecq_index, size: *mut usize, error: *mut vecq_error,
    ) -> c_int;
    fn vecq_index_describe(
        index: *const vecq_index, description: *mut vecq_index_description,
        options: *mut vecq_index_options, codec: *mut vecq_codec_options,
        rerank_codec: *mut vecq_codec_options, error: *mut vecq_error,
    ) -> c_int;
    fn vecq_index_get_stats(
        index: *const vecq_index, stats: *mut vecq_index_stats, error: *mut vecq_error,
    ) -> c_int;
    fn vecq_index_effort(
        index: *const vecq_index, k: usize, target_recall: f64, ef: *mut usize,
        rerank: *mut usize, error: *mut vecq_error,
    ) -> c_int;
    fn vecq_index_search(
        index: *const vecq_index, options: *const vecq_search_options, queries: *const f32,
        count: usize, ids: *mut i64, scores: *mut f32, counts: *mut i64,
        report: *mut vecq_search_report, error: *mut vecq_error,
    ) -> c_int;
    fn vecq_index_contains(
        index: *const vecq_index, ids: *const i64, count: usize, contains: *mut u8,
        error: *mut vecq_error,
    ) -> c_int;
    fn vecq_index_ids(
        index: *const vecq_index, ids: *mut i64, capacity: usize, count: *mut usize,
        error: *mut vecq_error,
    ) -> c_int;
    fn vecq_index_get(
        index: *const vecq_index, ids: *const i64, count: usize, vectors: *mut f32,
        error: *mut vecq_error,
    ) -> c_int;
    fn vecq_filter_open(
        index: *const vecq_index, allow: *const vecq_choice, deny: *const vecq_choice,
        filter: *mut *mut vecq_filter, error: *mut vecq_error,
    ) -> c_int;
    fn vecq_filter_close(filter: *mut vecq_filter);
    fn vecq_filter_count(
        filter: *const vecq_filter, count: *mut usize, error: *mut vecq_error,
    ) -> c_int;
    fn vecq_groups_open(
        ids: *const i64, groups: *const u32, count: usize, opened: *mut *mut vecq_groups,
        error: *mut vecq_error,
    ) -> c_int;
    fn vecq_groups_close(groups: *mut vecq_groups);
    fn vecq_index_find_ids(
        index: *const vecq_index, bytes: *const c_char, length: usize, offsets: *const i64,
        count: usize, ids: *mut i64, version: *mut u64, error: *mut vecq_error,
    ) -> c_int;
    fn vecq_index_names(
        index: *const vecq_index, ids: *const i64, count: usize, version: u64,
        bytes: *mut c_char, capacity: usize, offsets: *mut i64, length: *mut usize,
        is_current: *mut i32, error: *mut vecq_error,
    ) -> c_int;
    fn vecq_task_preload(
        index: *mut vecq_index, preload: i32, lock: i32, task: *mut *mut vecq_task,
        error: *mut vecq_error,
    ) -> c_int;
    fn vecq_task_check(
        index: *const vecq_index, deep: i32, task: *mut *mut vecq_task, error: *mut vecq_error,
    ) -> c_int;
    fn vecq_task_step(
        task: *mut vecq_task, done: *mut usize, total: *mut usize, error: *mut vecq_error,
    ) -> c_int;
    fn vecq_task_problems(
        task: *const vecq_task, problems: *mut vecq_problem, capacity: usize, listed: *mut usize,
        count: *mut usize, error: *mut vecq_error,
    ) -> c_int;
    fn vecq_task_close(task: *mut vecq_task);
    fn vecq_live_open(
        path: *const c_char, options: *const vecq_live_options, live: *mut *mut vecq_live,
        error: *mut vecq_error,
    ) -> c_int;
    fn vecq_live_close(live: *mut vecq_live);
    fn vecq_live_refresh(
        live: *mut vecq_live, retry: i32, swapped: *mut i32, error: *mut vecq_error,
    ) -> c_int;
    fn vecq_live_acquire(
        live: *mut vecq_live, index: *mut *const vecq_index, version: *mut u64,
        error: *mut vecq_error,
    ) -> c_int;
    fn vecq_live_release(index: *const vecq_index);
    fn vecq_live_get_status(
        live: *mut vecq_live, status: *mut vecq_live_status, error: *mut vecq_error,
    ) -> c_int;
}

/// Values of the enumerations, checked by the test of this crate.
macro_rules! constants {
    ($($name:ident = $value:expr;)*) => {
        $(pub const $name: i32 = $value;)*

        #[doc(hidden)]
        pub const CONSTANTS: &[(&str, i32)] = &[$((stringify!($name), $name)),*];
    };
}

constants! {
    VECQ_OK = 0;
    VECQ_INVALID_ARGUMENT = 1;
    VECQ_UNSUPPORTED = 2;
    VECQ_OUT_OF_MEMORY = 3;
    VECQ_INTERNAL = 4;
    VECQ_FILE_ERROR = 5;
    VECQ_CORRUPT_FILE = 6;
    VECQ_READ_ONLY = 7;
    VECQ_CHANGED_FILE = 8;
    VECQ_CANCELLED = 9;
    VECQ_IP = 0;
    VECQ_COSINE = 1;
    VECQ_L2 = 2;
    VECQ_PLAN_AUTO = 0;
    VECQ_PLAN_WALK = 1;
    VECQ_PLAN_STEP_OVER = 2;
    VECQ_PLAN_SCAN = 3;
    VECQ_PLAN_PROBE = 4;
    VECQ_PRELOAD_NONE = 0;
    VECQ_PRELOAD_SEARCH = 1;
    VECQ_PRELOAD_ALL = 2;
    VECQ_PRELOAD_COPY = 3;
}
