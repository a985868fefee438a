//! The test vectors that Python and every binding answer alike.

use std::collections::HashMap;
use std::path::PathBuf;

use vecq::{Error, Groups, Index, Plan, Results, SearchOptions, Status};

/// A paragraph of cases.txt: words by key.
struct Case(HashMap<String, Vec<String>>);

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../../tests/vectors")
}

fn cases() -> Vec<Case> {
    let text = std::fs::read_to_string(folder().join("cases.txt")).unwrap();
    let words = |line: &str| line.split_whitespace().map(String::from).collect::<Vec<_>>();
    text.trim_end()
        .split("\n\n")
        .map(|paragraph| {
            let lines = paragraph.lines().map(words);
            Case(lines.map(|mut line| (line.remove(0), line)).collect())
        })
        .collect()
}

impl Case {
    fn text(&self, key: &str) -> String {
        self.0.get(key).map_or(String::new(), |words| words.join(" "))
    }

    fn numbers<T: std::str::FromStr>(&self, key: &str) -> Option<Vec<T>> {
        let words = self.0.get(key)?;
        let parsed = words.iter().map(|word| word.parse().ok().expect("a number"));
        Some(parsed.collect())
    }

    fn number<T: std::str::FromStr + Copy>(&self, key: &str) -> Option<T> {
        Some(self.numbers(key)?[0])
    }

    fn run(&self) -> Result<Results, Error> {
        let index = Index::open(folder().join(self.text("index")))?;
        let (allow, deny) = (self.numbers("allow"), self.numbers("deny"));
        let filter = if allow.is_some() || deny.is_some() {
            Some(index.filter(allow.as_deref(), deny.as_deref())?)
        } else {
            None
        };
        let mut ids: Vec<i64> = self.numbers("exclude_ids").unwrap_or_default();
        let mut offsets: Vec<usize> = self.numbers("exclude_offsets").unwrap_or_default();
        if let Some(names) = self.0.get("exclude_names") {
            ids = index.numbers(names)?;
            offsets = vec![0, ids.len()];
        }
        let texts: Vec<Option<String>> = (0..self.number("where_count").unwrap_or(0))
            .map(|i: usize| format!("where_{}", i))
            .map(|key| self.0.contains_key(&key).then(|| self.text(&key)))
            .collect();
        let conditions: Vec<Option<&str>> = texts.iter().map(Option::as_deref).collect();
        let groups = match self.numbers("group_ids") {
            Some(ids) => Some(Groups::new(&ids, &self.0["group_keys"])?),
            None => None,
        };
        let exclude: Vec<&[i64]> = offsets.windows(2).map(|at| &ids[at[0]..at[1]]).collect();
        let options = SearchOptions {
            k: self.number("k").unwrap(),
            ef: self.number("ef"),
            target_recall: self.number("target_recall"),
            rerank: self.number("rerank"),
            plan: match self.text("plan").as_str() {
                "walk" => Plan::Walk,
                "scan" => Plan::Scan,
                "probe" => Plan::Probe,
                _ => Plan::Auto,
            },
            probes: self.number("probes"),
            filter: filter.as_ref(),
            exclude: &exclude,
            conditions: &conditions,
            bias_weights: &self.numbers::<f32>("bias_weights").unwrap_or_default(),
            group_by: groups.as_ref(),
            per_group: self.number("per_group").unwrap_or(1),
            diversity: self.number("diversity").unwrap_or(0.0),
            candidates: self.number("candidates").unwrap_or(500),
            ..Default::default()
        };
        let found = index.search(&self.numbers::<f32>("queries").unwrap(), &options)?;
        if self.0.contains_key("names") {
            let own = (0..found.queries()).map(|query| index.names(found.ids(query)));
            let names: Vec<String> = own.collect::<Result<Vec<_>, _>>()?.concat();
            assert_eq!(names.join(" "), self.text("names"));
        }
        Ok(found)
    }
}

#[test]
fn vectors_are_answered_as_by_python() {
    for case in cases() {
        let name = case.text("case");
        match case.run() {
            Err(error) => {
                let status = match error.status() {
                    Status::InvalidArgument => "INVALID_ARGUMENT",
                    Status::CorruptFile => "CORRUPT_FILE",
                    Status::FileError => "FILE_ERROR",
                    _ => "another",
                };
                assert_eq!(error.to_string(), case.text("message"), "{}", name);
                assert_eq!(status, case.text("status"), "{}", name);
                assert_eq!(error.argument(), case.text("argument"), "{}", name);
            }
            Ok(found) => {
                let queries = 0..found.queries();
                let counts: Vec<_> = queries.clone().map(|query| found.ids(query).len()).collect();
                let ids: Vec<_> = queries.clone().flat_map(|query| found.ids(query)).collect();
                let scores: Vec<_> = queries.flat_map(|query| found.scores(query)).collect();
                assert_eq!(Some(counts), case.numbers("counts"), "{}", name);
                if let Some(expected) = case.numbers::<i64>("ids") {
                    assert_eq!(ids, expected.iter().collect::<Vec<_>>(), "{}", name);
                }
                let expected: Vec<f32> = case.numbers("scores").unwrap();
                assert_eq!(scores, expected.iter().collect::<Vec<_>>(), "{}", name);
            }
        }
    }
}
