//! Instruments that threads use so often that they would wait for each other's cache line.

use std::sync::atomic::{AtomicUsize, Ordering};

use prometheus::core::{Collector, Desc};
use prometheus::proto::{self, Bucket, Counter, Metric, MetricFamily};
use prometheus::{Histogram, IntCounter};

/// More threads than these share instruments, which is slower and as right.
const STRIPES: usize = 16;

thread_local! {
    /// The stripe of a thread.
    static STRIPE: usize = {
        static THREADS: AtomicUsize = AtomicUsize::new(0);
        THREADS.fetch_add(1, Ordering::Relaxed) % STRIPES
    };
}

/// One instrument per thread, or nearly; read, they are one.
pub(super) struct Striped<T>(Box<[T]>);

/// An instrument whose kind adds up. It has no labels, so that it gives one family with one metric.
pub(super) trait Additive: Collector {
    /// Makes the metric of the first one that of all.
    fn sum(all: &[Self], metric: &mut Metric)
    where
        Self: Sized;
}

impl<T: Additive> Striped<T> {
    /// Instruments that are all alike.
    pub(super) fn new(instrument: impl Fn() -> T) -> Self {
        Self((0..STRIPES).map(|_| instrument()).collect())
    }

    /// The one for this thread.
    pub(super) fn here(&self) -> &T {
        &self.0[STRIPE.with(|stripe| *stripe)]
    }
}

impl<T: Additive> Collector for Striped<T> {
    fn desc(&self) -> Vec<&Desc> {
        self.0.first().map(Collector::desc).unwrap_or_default()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let mut families = self.0.first().map(Collector::collect).unwrap_or_default();
        for metric in families.iter_mut().flat_map(|family| family.mut_metric()) {
            T::sum(&self.0, metric);
        }
        families
    }
}

impl Additive for IntCounter {
    #[expect(clippy::cast_precision_loss, reason = "as the counters of the library are told")]
    fn sum(all: &[Self], metric: &mut Metric) {
        let mut sum = Counter::default();
        sum.set_value(all.iter().map(Self::get).sum::<u64>() as f64);
        metric.set_counter(sum);
    }
}

impl Additive for Histogram {
    fn sum(all: &[Self], metric: &mut Metric) {
        let (mut count, mut total, mut buckets) = (0, 0.0, Vec::<Bucket>::new());
        for family in all.iter().flat_map(Collector::collect) {
            for histogram in family.get_metric().iter().map(Metric::get_histogram) {
                count += histogram.get_sample_count();
                total += histogram.get_sample_sum();
                if buckets.is_empty() {
                    buckets = histogram.get_bucket().to_vec();
                    continue;
                }
                for (sum, bucket) in buckets.iter_mut().zip(histogram.get_bucket()) {
                    sum.set_cumulative_count(sum.cumulative_count() + bucket.cumulative_count());
                }
            }
        }
        let mut sum = proto::Histogram::default();
        sum.set_sample_count(count);
        sum.set_sample_sum(total);
        sum.set_bucket(buckets);
        metric.set_histogram(sum);
    }
}

#[cfg(test)]
mod tests {
    use super::Striped;
    use prometheus::core::Collector;
    use prometheus::{Histogram, HistogramOpts, IntCounter};

    #[test]
    fn eng_135_what_all_threads_have_counted_is_one_number() {
        let counter = Striped::new(|| IntCounter::new("c", "c").unwrap());
        let options = || HistogramOpts::new("h", "h").buckets(vec![1.0, 2.0]);
        let histogram = Striped::new(|| Histogram::with_opts(options()).unwrap());
        std::thread::scope(|scope| {
            for thread in 0..20 {
                let (counter, histogram) = (&counter, &histogram);
                scope.spawn(move || {
                    counter.here().inc();
                    histogram.here().observe(if thread < 5 { 0.5 } else { 1.5 });
                });
            }
        });
        let (counted, measured) = (counter.collect(), histogram.collect());
        assert_eq!((counted.len(), measured.len()), (1, 1));
        assert_eq!(counted[0].get_metric()[0].get_counter().get_value(), 20.0);
        let measured = measured[0].get_metric()[0].get_histogram();
        assert_eq!((measured.get_sample_count(), measured.get_sample_sum()), (20, 25.0));
        let buckets: Vec<_> = measured.get_bucket().iter().map(|b| b.cumulative_count()).collect();
        assert_eq!(buckets, [5, 20]);
        assert_eq!((counter.desc().len(), histogram.desc().len()), (1, 1));
    }
}
