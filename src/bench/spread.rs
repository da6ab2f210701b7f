use serde::Serialize;

/// Where measurements of one thing lie.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Spread {
    /// How many there are.
    pub count: usize,
    /// Half of them are at most this.
    pub p50: f64,
    /// 99 of 100 are.
    pub p99: f64,
    /// 999 of 1,000 are.
    pub p999: f64,
    /// The highest.
    pub worst: f64,
}

impl Spread {
    /// Of measurements in any order; all zero where there is none.
    pub fn of(mut all: Vec<f64>) -> Self {
        all.sort_by(f64::total_cmp);
        let Some(&worst) = all.last() else { return Self::default() };
        // The least value that so large a share of all is not above.
        let at = |share: f64| all[((share * all.len() as f64).ceil() as usize).clamp(1, all.len()) - 1];
        Self { count: all.len(), p50: at(0.5), p99: at(0.99), p999: at(0.999), worst }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_counted_from_below() {
        let spread = Spread::of((1..=1000).rev().map(f64::from).collect());
        assert_eq!(spread, Spread { count: 1000, p50: 500.0, p99: 990.0, p999: 999.0, worst: 1000.0 });
        assert_eq!(Spread::of(vec![7.0]), Spread { count: 1, p50: 7.0, p99: 7.0, p999: 7.0, worst: 7.0 });
        assert_eq!(Spread::of(Vec::new()), Spread::default());
    }
}
