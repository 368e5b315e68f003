//! Tokens that are worked out before the index takes them.

use std::vec;

use tantivy::tokenizer::{Token, TokenStream};

/// The tokens of one value, in their order.
pub(super) struct Tokens {
    left: vec::IntoIter<Token>,
    token: Token,
}

impl FromIterator<Token> for Tokens {
    fn from_iter<I: IntoIterator<Item = Token>>(tokens: I) -> Self {
        Self { left: tokens.into_iter().collect::<Vec<_>>().into_iter(), token: Token::default() }
    }
}

impl TokenStream for Tokens {
    fn advance(&mut self) -> bool {
        let Some(token) = self.left.next() else { return false };
        self.token = token;
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}
