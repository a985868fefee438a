//! Measures the binding as `bench/bindings/call.c` measures the C ABI: INDEX QUERIES K SECONDS.

use std::thread;
use std::time::{Duration, Instant};

use vecq::{Index, Plan, SearchOptions};

const COUNT: usize = 500;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let index = Index::open(&arguments[1])?;
    let bytes = std::fs::read(&arguments[2])?;
    let float = |four: &[u8]| f32::from_le_bytes([four[0], four[1], four[2], four[3]]);
    let queries: Vec<f32> = bytes.chunks_exact(4).map(float).collect();
    let options = SearchOptions {
        k: arguments[3].parse()?,
        plan: Plan::Walk,
        ..Default::default()
    };
    let seconds: f64 = arguments[4].parse()?;
    let length = Duration::from_secs_f64(seconds);
    let queries: Vec<&[f32]> = queries.chunks_exact(index.dim()).take(COUNT).collect();
    let search = |query: &[f32]| index.search(query, &options).unwrap();
    let pass = || {
        for query in &queries {
            search(query);
        }
    };
    let passes = || {
        let (start, mut done) = (Instant::now(), 0);
        while start.elapsed() < length {
            pass();
            done += COUNT;
        }
        done as f64
    };
    pass();
    let mut best = [Duration::MAX; COUNT];
    let start = Instant::now();
    while start.elapsed() < length {
        for (query, best) in queries.iter().zip(&mut best) {
            let begin = Instant::now();
            search(query);
            *best = begin.elapsed().min(*best);
        }
    }
    let alone = passes();
    let both = thread::scope(|scope| {
        let second = scope.spawn(passes);
        passes() + second.join().unwrap()
    });
    let micros = 1e6 * best.iter().sum::<Duration>().as_secs_f64() / COUNT as f64;
    println!("{:.2} {:.0} {:.0}", micros, alone / seconds, both / seconds);
    Ok(())
}
