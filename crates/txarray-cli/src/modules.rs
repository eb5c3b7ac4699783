//! The modules a script may import and the functions of ours they hold.
//!
//! **Promise** a [`Native`]'s signature is data: a wrong number of arguments or a misspelt keyword is found before the
//! script runs wherever the callee is known by then.

use crate::{
    fault::{Fault, Result, fail},
    interp::Interp,
    suggest::hint,
    value::Value,
};
use smallvec::SmallVec;
use txarray::DType;

/// A function written in Rust.
pub(crate) struct Native {
    /// As messages write it: `np.zeros`, `print`, `.sum`.
    pub(crate) name: &'static str,
    /// Parameters that may be given by position or by name.
    params: &'static [&'static str],
    /// How many of them have no default.
    required: usize,
    /// Takes further positional arguments.
    rest: bool,
    /// Parameters that may be given by name only.
    keywords: &'static [&'static str],
    /// The dtype it names when passed as one: `float`, `int`, `bool`.
    pub(crate) dtype: Option<DType>,
    run: fn(&mut Interp<'_>, Args) -> Result<Value>,
}

/// The arguments of one call, by parameter; what was not given is [`Value::Unbound`].
#[derive(Debug)]
pub(crate) struct Args {
    /// What a method is called on.
    pub(crate) receiver: Value,
    slots: SmallVec<[Value; 4]>,
    /// Positional arguments beyond the parameters.
    pub(crate) rest: Vec<Value>,
}

impl Args {
    /// The argument for a parameter that has no default.
    pub(crate) fn take(&mut self, slot: usize) -> Value {
        std::mem::replace(&mut self.slots[slot], Value::Unbound)
    }

    /// The argument for a parameter with a default, if it was given; `None` passed explicitly counts as not given.
    pub(crate) fn optional(&mut self, slot: usize) -> Option<Value> {
        match self.take(slot) {
            Value::Unbound | Value::None => None,
            value => Some(value),
        }
    }

    /// How many parameters there are to look at.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn set(&mut self, slot: usize, value: Value) {
        match self.slots.get_mut(slot) {
            Some(place) => *place = value,
            None => self.rest.push(value),
        }
    }
}

impl Native {
    pub(crate) const fn new(
        name: &'static str,
        params: &'static [&'static str],
        required: usize,
        run: fn(&mut Interp<'_>, Args) -> Result<Value>,
    ) -> Self {
        Self { name, params, required, rest: false, keywords: &[], dtype: None, run }
    }

    pub(crate) const fn with_rest(mut self) -> Self {
        self.rest = true;
        self
    }

    pub(crate) const fn with_keywords(mut self, keywords: &'static [&'static str]) -> Self {
        self.keywords = keywords;
        self
    }

    pub(crate) const fn naming(mut self, dtype: DType) -> Self {
        self.dtype = Some(dtype);
        self
    }

    /// The name without its module.
    pub(crate) fn short_name(&self) -> &'static str {
        self.name.rsplit('.').next().unwrap_or(self.name)
    }

    /// Empty argument slots for one call.
    pub(crate) fn args(&self) -> Args {
        let slots = SmallVec::from_elem(Value::Unbound, self.params.len() + self.keywords.len());
        Args { receiver: Value::Unbound, slots, rest: Vec::new() }
    }

    /// The slot of each argument: `positional` by position, then the keywords.
    ///
    /// # Errors
    /// Too many or too few arguments, an unknown keyword, a parameter given twice; the index tells which keyword.
    pub(crate) fn bind(
        &self,
        positional: usize,
        keywords: &[&str],
    ) -> Result<Vec<usize>, (Option<usize>, Fault)> {
        let name = self.name;
        let all = self.params.len() + self.keywords.len();
        if positional > self.params.len() && !self.rest {
            let most = match self.params.len() {
                0 => "no argument".to_owned(),
                1 => "one argument".to_owned(),
                n => format!("at most {n} arguments"),
            };
            return Err((None, Fault::failed(format!("{name}() takes {most}, {positional} were given"))));
        }
        let mut slots: Vec<usize> =
            (0..positional).map(|at| if at < self.params.len() { at } else { usize::MAX }).collect();
        for (index, keyword) in keywords.iter().enumerate() {
            let known = self.params.iter().chain(self.keywords);
            let error = match known.clone().position(|param| param == keyword) {
                None => {
                    let hint = hint(keyword, known.copied());
                    format!("the argument '{keyword}' of {name}() is not supported{hint}")
                }
                Some(slot) if slots.contains(&slot) => format!("{name}() got its argument '{keyword}' twice"),
                Some(slot) => {
                    slots.push(slot);
                    continue;
                }
            };
            return Err((Some(index), Fault::failed(error)));
        }
        if let Some(missing) = (0..self.required.min(all)).find(|slot| !slots.contains(slot)) {
            let fault = Fault::failed(format!("{name}() is missing its argument '{}'", self.params[missing]));
            return Err((None, fault));
        }
        Ok(slots)
    }

    #[inline]
    pub(crate) fn call(&self, interp: &mut Interp<'_>, args: Args) -> Result<Value> {
        (self.run)(interp, args)
    }
}

impl std::fmt::Debug for Native {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// A module a script may import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Module {
    Numpy,
    Math,
    Os,
    OsPath,
    Pictures,
}

impl Module {
    const ALL: [Module; 5] = [Module::Numpy, Module::Math, Module::Os, Module::OsPath, Module::Pictures];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Module::Numpy => "numpy",
            Module::Math => "math",
            Module::Os => "os",
            Module::OsPath => "os.path",
            Module::Pictures => "txpictures",
        }
    }

    /// The module of that name.
    ///
    /// # Errors
    /// Names the modules there are.
    pub(crate) fn find(name: &str) -> Result<Module> {
        match Module::ALL.into_iter().find(|module| module.name() == name) {
            Some(module) => Ok(module),
            None => {
                let names = Module::ALL.map(Module::name).join(", ");
                fail!("the module '{name}' is not supported; a script may import {names}")
            }
        }
    }

    /// A member by name.
    pub(crate) fn member(self, name: &str) -> Option<Value> {
        if let Some((_, value)) = self.constants().iter().find(|(constant, _)| *constant == name) {
            return Some(value.clone());
        }
        self.functions().into_iter().find(|native| native.short_name() == name).map(Value::Native)
    }

    /// All names a member can have.
    pub(crate) fn names(self) -> Vec<&'static str> {
        let constants = self.constants();
        constants
            .iter()
            .map(|(name, _)| *name)
            .chain(self.functions().into_iter().map(Native::short_name))
            .collect()
    }

    fn functions(self) -> Vec<&'static Native> {
        match self {
            Module::Numpy => crate::numpy::functions().collect(),
            Module::Math => crate::math::FUNCTIONS.iter().collect(),
            Module::Os => Vec::new(),
            Module::OsPath => crate::paths::FUNCTIONS.iter().collect(),
            Module::Pictures => crate::pictures::FUNCTIONS.iter().collect(),
        }
    }

    fn constants(self) -> Vec<(&'static str, Value)> {
        match self {
            Module::Numpy => crate::numpy::constants(),
            Module::Math => crate::math::constants(),
            Module::Os => vec![("path", Value::Module(Module::OsPath))],
            Module::OsPath | Module::Pictures => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(native: &Native, positional: usize, keywords: &[&str]) -> String {
        native
            .bind(positional, keywords)
            .map_or_else(|(_, fault)| fault.message().to_owned(), |slots| format!("{slots:?}"))
    }

    #[test]
    fn arguments_find_their_parameters_or_say_why_not() {
        static F: Native = Native::new("f", &["a", "b"], 1, |_, _| Ok(Value::None)).with_keywords(&["dtype"]);
        assert_eq!(message(&F, 1, &["dtype"]), "[0, 2]");
        assert_eq!(message(&F, 3, &[]), "f() takes at most 2 arguments, 3 were given");
        assert_eq!(message(&F, 0, &["b"]), "f() is missing its argument 'a'");
        assert_eq!(message(&F, 1, &["a"]), "f() got its argument 'a' twice");
        assert_eq!(
            message(&F, 1, &["dtyp"]),
            "the argument 'dtyp' of f() is not supported; did you mean 'dtype'?"
        );
    }
}
