//! Handles, errors, cancellation, memory and live indexes.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use vecq::{
    Cancellation, Groups, Index, Live, LiveOptions, Metric, Plan, Preload, SearchOptions, Status,
};

fn fixture(name: &str) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../../tests/fixtures");
    root.join(format!("format-1-{}.vecq", name))
}

fn open(name: &str) -> Index {
    Index::open(fixture(name)).unwrap()
}

fn queries(count: usize) -> Vec<f32> {
    let value = |i| ((6000 + i) * 7919 % 1009) as f32 / 512.0 - 1.0;
    (0..count * 8).map(value).collect()
}

#[test]
fn an_index_describes_itself() {
    let index = open("living");
    let ids = index.ids().unwrap();
    assert_eq!((index.len().unwrap(), index.dim(), index.metric()), (31, 8, Metric::L2));
    assert_eq!(ids.len(), 31);
    assert!(index.contains(ids[3]).unwrap() && !index.contains(12345).unwrap());
    assert!(!index.is_empty().unwrap());
    assert_eq!(index.vectors(&ids[..2]).unwrap().len(), 16);
    assert!(index.vectors(&[12345]).unwrap_err().to_string().contains("12345"));
    let stats = index.stats().unwrap();
    assert_eq!((stats.items, stats.unreachable), (31, 0));
    assert!(stats.layers[0] > 0);
    assert_eq!(index.check(true).unwrap(), []);
    index.preload(Preload::All).unwrap();
    let effort = index.effort(10, None).unwrap();
    assert_eq!((effort.ef, effort.rerank), (110, 20));
}

#[test]
fn wrong_arguments_name_the_argument() {
    let index = open("ip");
    let other = open("l2");
    let filter = other.filter(None, Some(&[1])).unwrap();
    let by_default = SearchOptions::default();
    let wrong = [
        ("k", SearchOptions { k: 0, ..by_default.clone() }),
        ("k", SearchOptions { k: usize::MAX, ..by_default.clone() }),
        ("ef", SearchOptions { ef: Some(usize::MAX), ..by_default.clone() }),
        ("rerank", SearchOptions { rerank: Some(2), ..by_default.clone() }),
        ("exclude", SearchOptions { exclude: &[&[1]], ..by_default.clone() }),
        ("filter", SearchOptions { filter: Some(&filter), ..by_default.clone() }),
        ("bias_weights", SearchOptions { bias_weights: &[1.0], ..by_default.clone() }),
        ("where", SearchOptions { conditions: &[None; 3], ..by_default.clone() }),
        ("where", SearchOptions { conditions: &[Some("a\0")], ..by_default.clone() }),
        ("diversity", SearchOptions { diversity: 1.5, ..by_default.clone() }),
    ];
    for (argument, options) in wrong {
        let error = index.search(&queries(2), &options).unwrap_err();
        assert_eq!(error.argument(), argument);
        assert!(error.to_string().starts_with(argument), "{}", error);
    }
    assert_eq!(index.search(&[0.0; 9], &by_default).unwrap_err().argument(), "queries");
    assert_eq!(Groups::new(&[1, 2], &["a"]).unwrap_err().argument(), "groups");
    assert_eq!(index.numbers(&["a"]).unwrap_err().status(), Status::InvalidArgument);
    let error = Index::open("none.vecq").unwrap_err();
    assert_eq!(error.status(), Status::FileError);
    assert_eq!(error.system().unwrap().kind(), ErrorKind::NotFound);
    assert_eq!(Index::open("a\0b").unwrap_err().argument(), "path");
}

#[test]
fn threads_share_an_index_and_cancel_a_search() {
    let index = open("l2");
    let filter = index.filter(Some(&[-50, -40, -30]), None).unwrap();
    assert_eq!(filter.count().unwrap(), 3);
    let options = SearchOptions { filter: Some(&filter), ..Default::default() };
    let expected = index.search(&queries(3), &options).unwrap();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..200 {
                    let found = index.search(&queries(3), &options).unwrap();
                    assert_eq!(found.ids(2), expected.ids(2));
                }
            });
        }
    });
    let cancelled = Cancellation::new();
    let many = queries(1_000_000);
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(10));
            cancelled.cancel();
        });
        let options = SearchOptions {
            plan: Plan::Walk,
            cancelled: Some(&cancelled),
            ..Default::default()
        };
        assert_eq!(index.search(&many, &options).unwrap_err().status(), Status::Cancelled);
    });
}

fn resident_bytes() -> usize {
    let text = fs::read_to_string("/proc/self/statm").unwrap();
    text.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

#[test]
fn memory_is_released() {
    let round = || {
        let index = open("living");
        let filter = index.filter(None, Some(&[-50])).unwrap();
        let options = SearchOptions {
            filter: Some(&filter),
            exclude: &[&[1], &[2], &[3], &[]],
            ..Default::default()
        };
        index.search(&queries(4), &options).unwrap();
    };
    (0..200).for_each(|_| round());
    let before = resident_bytes();
    (0..2000).for_each(|_| round());
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < 32 << 20, "{}", grown);
}

/// A folder that is removed with the value.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let own = std::env::temp_dir().join(format!("vecq-{}-{}", name, std::process::id()));
        fs::create_dir_all(&own).unwrap();
        Self(own)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn replace(path: &Path, name: &str, edit: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(fixture(name)).unwrap();
    edit(&mut bytes);
    let new = path.with_extension("new");
    fs::write(&new, bytes).unwrap();
    fs::rename(new, path).unwrap();
}

#[test]
fn a_live_index_follows_its_file() {
    let folder = Folder::new("follows");
    let path = folder.0.join("live.vecq");
    replace(&path, "l2", |_| ());
    let options = LiveOptions {
        interval: Some(Duration::from_millis(5)),
        ..Default::default()
    };
    let live = Live::open(&path, &options).unwrap();
    let (before, version) = live.lease().unwrap();
    assert_eq!(version, 1);
    let until = |is_reached: &dyn Fn(&vecq::LiveStatus) -> bool| {
        for _ in 0..2000 {
            let status = live.status().unwrap();
            if is_reached(&status) {
                return status;
            }
            thread::sleep(Duration::from_millis(5));
        }
        panic!("{:?}", live.status());
    };
    replace(&path, "living", |bytes| {
        let at = bytes.len() - 200;
        bytes[at] ^= 1;
    });
    let status = until(&|status| status.error.is_some());
    assert_eq!((status.version, status.failures), (1, 1));
    assert_eq!(status.error.unwrap().status(), Status::CorruptFile);
    assert_eq!(live.refresh(true).unwrap_err().status(), Status::CorruptFile);
    replace(&path, "living", |_| ());
    let status = until(&|status| status.version == 2);
    assert!(status.error.is_none());
    assert!(!live.refresh(false).unwrap());
    assert_eq!(before.len().unwrap(), 40);
    let after = live.index().unwrap();
    assert_eq!(live.search(&queries(2), &Default::default()).unwrap().queries(), 2);
    drop(live);
    assert_eq!(after.len().unwrap(), 31);
}

#[test]
fn searches_go_on_during_swaps() {
    let folder = Folder::new("swaps");
    let path = folder.0.join("live.vecq");
    replace(&path, "l2", |_| ());
    let options = LiveOptions {
        interval: None,
        ..Default::default()
    };
    let live = Live::open(&path, &options).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    live.search(&queries(2), &Default::default()).unwrap();
                }
            });
        }
        for round in 0..50 {
            replace(&path, ["living", "l2"][round % 2], |_| ());
            assert!(live.refresh(false).unwrap());
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(live.status().unwrap().version, 51);
}
