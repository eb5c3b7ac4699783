//! How pushing scales with the length of a list, under criterion's statistics: the growth policy (twice up to 1024
//! items, an eighth above) must not show as a step.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use strategy_lists::List;

fn push(c: &mut Criterion) {
    let mut group = c.benchmark_group("lists/push/i64");
    for len in [16_i64, 1_000, 100_000] {
        group.throughput(Throughput::Elements(len.unsigned_abs()));
        group.bench_with_input(BenchmarkId::from_parameter(len), &len, |b, &len| {
            b.iter(|| {
                let mut list = List::new();
                (0..len).for_each(|i| list.push(black_box(i)));
                list
            });
        });
    }
    group.finish();
}

criterion_group!(benches, push);
criterion_main!(benches);
