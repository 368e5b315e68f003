//! Reading everybody: what must be found is what it finds.

use archive::person::fold;
use archive::search::PersonDoc;
use memchr::memmem;

/// Every searchable value of everybody, one after the other in one text: a line for each value, an empty one after each
/// person.
pub(crate) struct Reader {
    text: String,
    /// Where each person's values begin.
    begins: Vec<usize>,
}

impl Reader {
    pub(crate) fn new(people: &[PersonDoc]) -> Self {
        let mut reader = Self { text: String::new(), begins: Vec::with_capacity(people.len()) };
        for doc in people {
            reader.begins.push(reader.text.len());
            let name = fold(&doc.name).as_str().to_owned();
            let rest = [&doc.student_number, &doc.candidate_number, &doc.class, &doc.major, &doc.college];
            let rest = rest.into_iter().flatten().chain(&doc.certificate_numbers).chain([&doc.diploma_text]);
            let rest = rest.map(|value| fold(value).as_str().to_owned());
            let values =
                [name.replace('·', ""), name].into_iter().chain(doc.year.map(|year| year.to_string()));
            for value in values.chain(rest).filter(|value| !value.is_empty()) {
                reader.text.push_str(&value);
                reader.text.push('\n');
            }
            reader.text.push('\n');
        }
        reader
    }

    pub(crate) fn values(&self, person: usize) -> Vec<&str> {
        let begin = |person| self.begins.get(person).copied().unwrap_or(self.text.len());
        let text = self.text.get(begin(person)..begin(person + 1)).unwrap_or_default();
        text.lines().filter(|value| !value.is_empty()).collect()
    }

    /// How many people there are.
    pub(crate) fn people(&self) -> usize {
        self.begins.len()
    }

    /// Everybody who has every word of a question in some value, in order.
    pub(crate) fn find(&self, question: &str) -> Vec<usize> {
        let mut words = question.split_whitespace().map(|word| self.find_word(fold(word).as_str()));
        let mut found = words.next().unwrap_or_default();
        for more in words {
            found.retain(|person| more.binary_search(person).is_ok());
        }
        found
    }

    /// Reads on from the next person after each one found: no person is looked at twice.
    fn find_word(&self, word: &str) -> Vec<usize> {
        let finder = memmem::Finder::new(word);
        let (mut found, mut from) = (Vec::new(), 0);
        while let Some(at) = self.text.as_bytes().get(from..).and_then(|text| finder.find(text)) {
            let next = self.next_person(found.last().map_or(0, |person| person + 1), from + at);
            found.push(next - 1);
            from = self.begins.get(next).copied().unwrap_or(self.text.len());
        }
        found
    }

    /// The first person after `at`, of whom `least` is known to be none but perhaps the one `at` is in. Hits lie close
    /// together or far apart: the stride doubles.
    fn next_person(&self, least: usize, at: usize) -> usize {
        let begins = self.begins.get(least..).unwrap_or_default();
        let mut stride = 1;
        while begins.get(stride).is_some_and(|begin| *begin <= at) {
            stride *= 2;
        }
        least
            + begins.get(..stride.min(begins.len())).unwrap_or_default().partition_point(|begin| *begin <= at)
    }
}
