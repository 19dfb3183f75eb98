//! What a value tells about the lookup that returned it.

/// The class of one value, by the value alone. A CPU adds one to field 0, then to field 1, and so
/// on, each field by itself, over and over; all fields start at zero.
///
/// Whether a value is the latest cannot be told from it, so `whole` here covers the model's
/// `precise-fresh`, `precise-superseded` and `stale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// All fields are equal: the slot held exactly this between two runs. Fields only grow, so for
    /// a copy of two fields in ascending order it held it at an instant within the lookup.
    Whole,
    /// No field is ahead of an earlier one, and the first field is one ahead of the last: the slot held exactly this
    /// within a run.
    MidUpdate,
    /// Anything else: the slot never held this. In a copy of words in ascending order it shows as a
    /// field that is ahead of an earlier one; an earlier field that is two ahead of a later one
    /// cannot come from such a copy, and would say that the copy is another one.
    Mixed,
}

/// The class of a slot's fields, in the order in which the writer bumps them.
pub fn classify(fields: &[u64]) -> Class {
    let (Some(first), Some(last)) = (fields.first(), fields.last()) else { return Class::Whole };
    if !fields.is_sorted_by(|a, b| a >= b) {
        return Class::Mixed;
    }
    match first - last {
        0 => Class::Whole,
        1 => Class::MidUpdate,
        _ => Class::Mixed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::untouched(&[0, 0], Class::Whole)]
    #[case::between_two_runs(&[7, 7], Class::Whole)]
    #[case::within_a_run(&[8, 7], Class::MidUpdate)]
    #[case::later_field_ahead(&[7, 8], Class::Mixed)]
    #[case::much_later_field_ahead(&[7, 90], Class::Mixed)]
    #[case::two_runs_apart(&[9, 7], Class::Mixed)]
    #[case::first_of_three(&[8, 7, 7], Class::MidUpdate)]
    #[case::second_of_three(&[8, 8, 7], Class::MidUpdate)]
    #[case::middle_behind(&[8, 7, 8], Class::Mixed)]
    #[case::middle_ahead(&[7, 8, 7], Class::Mixed)]
    #[case::three_steps_down(&[9, 8, 7], Class::Mixed)]
    #[case::top_of_the_range(&[u64::MAX, u64::MAX - 1], Class::MidUpdate)]
    #[case::wrapped(&[0, u64::MAX], Class::Mixed)]
    #[case::one_field(&[3], Class::Whole)]
    #[case::no_field(&[], Class::Whole)]
    fn values_have_one_class(#[case] fields: &[u64], #[case] class: Class) {
        assert_eq!(classify(fields), class);
    }

    /// The writer's own states are whole or mid-update, and none of them is mixed.
    #[test]
    fn nothing_that_was_in_memory_is_mixed() {
        for fields in 2..=5usize {
            let mut slot = vec![0u64; fields];
            for step in 0..3 * fields {
                slot[step % fields] += 1;
                let done = (step + 1) % fields == 0;
                let class = if done { Class::Whole } else { Class::MidUpdate };
                assert_eq!(classify(&slot), class, "{slot:?}");
            }
        }
    }
}
