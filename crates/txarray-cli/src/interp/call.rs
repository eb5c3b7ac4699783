//! Calls of the script's own functions.
//!
//! **Promise** recursion is bounded as in CPython and never overflows the stack: deep calls continue on a fresh piece
//! of stack on the same thread.

use super::{Interp, exec::Flow};
use crate::{
    fault::{Fault, Result, fail},
    ir::{Call, Def},
    suggest::hint,
    value::Value,
};
use smallvec::SmallVec;
use std::rc::Rc;

/// CPython's default recursion limit.
const MAX_CALLS: usize = 1000;
/// The deepest expression of one call fits in this much stack, see `lower::MAX_DEPTH`.
const RED_ZONE: usize = 1 << 20;
const STACK_CHUNK: usize = 8 << 20;

/// A function value: a `def` with the defaults its statement computed.
#[derive(Debug)]
pub(crate) struct Function {
    def: usize,
    name: Rc<str>,
    defaults: Vec<Value>,
}

impl Function {
    pub(super) fn new(defs: &[Def], def: usize, defaults: Vec<Value>) -> Self {
        Self { def, name: defs[def].name.clone(), defaults }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl<'p> Interp<'p> {
    /// A call whose callee has to be evaluated first.
    pub(super) fn call(&mut self, call: &'p Call) -> Result<Value> {
        let callee = self.eval(&call.callee)?;
        match &callee {
            Value::Function(function) => {
                let mut args: SmallVec<[Value; 6]> = SmallVec::with_capacity(call.args.len());
                for arg in &call.args {
                    args.push(self.bound(arg)?);
                }
                let mut keywords: SmallVec<[(&'p str, Value); 2]> = SmallVec::new();
                for (name, value) in &call.keywords {
                    keywords.push((name, self.bound(value)?));
                }
                self.call_function(function, args, keywords)
            }
            Value::Native(native) => {
                let names: Vec<&str> = call.keywords.iter().map(|(name, _)| &**name).collect();
                let slots = native.bind(call.args.len(), &names).map_err(|(_, fault)| fault)?;
                let mut args = native.args();
                let values = call.args.iter().chain(call.keywords.iter().map(|(_, value)| value));
                for (slot, value) in slots.into_iter().zip(values) {
                    args.set(slot, self.eval(value)?);
                }
                native.call(self, args)
            }
            Value::ScalarType(dtype) => match (&call.args[..], &call.keywords[..]) {
                ([arg], []) => {
                    let value = self.eval(arg)?;
                    crate::arrays::convert(self, &value, *dtype)
                }
                _ => fail!("np.{}() takes one argument", dtype.name()),
            },
            other => fail!("a value of type '{}' cannot be called", other.type_name()),
        }
    }

    fn call_function(
        &mut self,
        function: &Function,
        args: SmallVec<[Value; 6]>,
        keywords: SmallVec<[(&'p str, Value); 2]>,
    ) -> Result<Value> {
        let program = self.program;
        let def = &program.functions[function.def];
        if self.calls == MAX_CALLS {
            fail!("maximum recursion depth exceeded: {MAX_CALLS} calls of functions are in progress");
        }
        let new_base = self.stack.len();
        if args.len() > def.params {
            let takes = def.params;
            fail!("{}() takes {takes} argument{}, {} were given", def.name, plural(takes), args.len());
        }
        self.stack.extend(args);
        self.stack.resize(new_base + def.locals.len(), Value::Unbound);
        let filled = keywords.into_iter().try_for_each(|keyword| self.keyword(def, new_base, keyword));
        if let Err(fault) = filled.and_then(|()| self.fill_defaults(function, def, new_base)) {
            self.stack.truncate(new_base);
            return Err(fault);
        }
        let old_base = std::mem::replace(&mut self.base, new_base);
        let caller = self.running.replace(def);
        let statement = self.engine.span();
        self.calls += 1;
        let result = stacker::maybe_grow(RED_ZONE, STACK_CHUNK, || self.block(&def.body));
        self.calls -= 1;
        self.engine.enter(statement);
        self.running = caller;
        self.base = old_base;
        self.stack.truncate(new_base);
        Ok(match result? {
            Flow::Return(value) => value,
            _ => Value::None,
        })
    }

    fn keyword(&mut self, def: &Def, base: usize, (name, value): (&str, Value)) -> Result<()> {
        let params = &def.locals[..def.params];
        let Some(slot) = params.iter().position(|param| &**param == name) else {
            let hint = hint(name, params.iter().map(|param| &**param));
            fail!("{}() has no parameter '{name}'{hint}", def.name);
        };
        let place = &mut self.stack[base + slot];
        if !matches!(place, Value::Unbound) {
            fail!("{}() got its argument '{name}' twice", def.name);
        }
        *place = value;
        Ok(())
    }

    fn fill_defaults(&mut self, function: &Function, def: &Def, base: usize) -> Result<()> {
        let required = def.params - function.defaults.len();
        for slot in 0..def.params {
            let place = &mut self.stack[base + slot];
            if matches!(place, Value::Unbound) {
                match slot.checked_sub(required) {
                    Some(default) => *place = function.defaults[default].clone(),
                    None => {
                        let name = &def.locals[slot];
                        return Err(Fault::failed(format!(
                            "{}() is missing its argument '{name}'",
                            def.name
                        )));
                    }
                }
            }
        }
        Ok(())
    }
}

fn plural(n: usize) -> &'static str {
    if n == 1 { "" } else { "s" }
}
