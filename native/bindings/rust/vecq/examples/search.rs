//! Searches an index file: `cargo run --example search -- items.vecq`.

use vecq::{Index, SearchOptions};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("usage: search FILE")?;
    let index = Index::open(path)?;
    let query = vec![1.0; index.dim()];
    let options = SearchOptions {
        k: 10,
        ..Default::default()
    };
    for (id, score) in index.search(&query, &options)?.of(0) {
        println!("{id} {score}");
    }
    Ok(())
}
