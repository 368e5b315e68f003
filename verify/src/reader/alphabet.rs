//! From probabilities per step to a line of text: connectionist temporal classification, the best path.

/// The characters a model knows. Class 0 is the blank between characters, the last one a space.
#[derive(Debug, Clone)]
pub struct Alphabet {
    characters: Vec<String>,
}

/// What a line says.
#[derive(Clone, PartialEq)]
pub struct Said {
    /// The text.
    pub text: String,
    /// The mean probability of its characters, 0..=1; 0 for an empty line.
    pub confidence: f32,
}

impl std::fmt::Debug for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Said").field("confidence", &self.confidence).finish_non_exhaustive()
    }
}

impl Alphabet {
    /// An alphabet from a list with one character a line.
    #[must_use]
    pub fn new(characters: &str) -> Self {
        let characters =
            characters.trim_end_matches('\n').split('\n').map(|character| character.trim_end_matches('\r'));
        Self { characters: characters.map(str::to_owned).chain([" ".to_owned()]).collect() }
    }

    /// How many classes a model with this alphabet tells apart.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.characters.len() + 1
    }

    /// Spells what `steps` say: for each step the probability of each class. The likeliest class of each step counts;
    /// the same class again is the same character, unless a blank stands between.
    #[must_use]
    pub fn spell(&self, steps: &[f32]) -> Said {
        let (mut text, mut sum, mut count, mut before) = (String::new(), 0.0, 0.0, 0);
        for step in steps.chunks_exact(self.classes()) {
            let best = step.iter().enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b));
            let Some((class, probability)) = best else { continue };
            if class != before
                && let Some(character) = class.checked_sub(1).and_then(|place| self.characters.get(place))
            {
                text.push_str(character);
                sum += probability;
                count += 1.0;
            }
            before = class;
        }
        Said { text, confidence: if count > 0.0 { (sum / count).clamp(0.0, 1.0) } else { 0.0 } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps in which each of `classes` has 0.8 and the others share the rest.
    fn steps(alphabet: &Alphabet, classes: &[usize]) -> Vec<f32> {
        let of = |class: usize| (0..alphabet.classes()).map(move |n| if n == class { 0.8 } else { 0.05 });
        classes.iter().flat_map(|class| of(*class)).collect()
    }

    #[test]
    fn repeated_steps_are_one_character_and_a_blank_between_makes_two() {
        let alphabet = Alphabet::new("张\n三\n丰\n");
        assert_eq!(alphabet.classes(), 5);
        let said = alphabet.spell(&steps(&alphabet, &[0, 1, 1, 0, 2, 0, 2, 2, 4, 3, 0]));
        assert_eq!(said.text, "张三三 丰");
        assert!((said.confidence - 0.8).abs() < 1e-6);
    }

    #[test]
    fn nothing_but_blanks_is_an_empty_line() {
        let alphabet = Alphabet::new("张");
        let said = alphabet.spell(&steps(&alphabet, &[0, 0, 0]));
        assert_eq!((said.text.as_str(), said.confidence), ("", 0.0));
    }
}
