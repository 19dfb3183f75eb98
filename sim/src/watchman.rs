//! The gate of an exploration: lets one step through, then shuts.

use crate::gate::{Gate, Step};
use crate::visible::{Touched, Visible};

/// Lets `budget` visible steps through. Invisible accesses pass, and are noted where asked.
#[derive(Debug)]
pub struct Watchman<'a> {
    visible: &'a Visible,
    touched: Option<&'a mut Touched>,
    /// The actor that runs.
    pub actor: u8,
    /// The CPU that it runs on.
    pub cpu: u32,
    /// May still do a step.
    pub open: bool,
    /// The step that it did.
    pub done: Option<Step>,
    /// The step that it was stopped before.
    pub next: Option<Step>,
}

impl<'a> Watchman<'a> {
    /// Lets steps through that `visible` does not show; shut for the others until opened.
    pub fn new(visible: &'a Visible, touched: Option<&'a mut Touched>) -> Self {
        Self { visible, touched, actor: 0, cpu: 0, open: false, done: None, next: None }
    }

    /// Lets the next visible step of `actor` on `cpu` through, if `open`.
    pub fn admit(&mut self, actor: u8, cpu: u32, open: bool) {
        (self.actor, self.cpu, self.open) = (actor, cpu, open);
        (self.done, self.next) = (None, None);
    }

    /// A step that is visible whatever the memory: masking around a run, hotplug.
    pub fn pass_always(&mut self, step: Step) -> bool {
        if self.open {
            self.open = false;
            self.done = Some(step);
            if let Some(touched) = &mut self.touched {
                touched.note_step(step, self.actor);
            }
            return true;
        }
        self.next = Some(step);
        false
    }

    /// What counts as a step.
    pub fn visible(&self) -> &'a Visible {
        self.visible
    }
}

impl Gate for Watchman<'_> {
    #[inline]
    fn pass(&mut self, step: Step) -> bool {
        if self.visible.shows(step, self.cpu) {
            return self.pass_always(step);
        }
        if matches!(step, Step::Lock(_)) && self.done.is_some() {
            // A lock that is no step belongs to the next one, not to the last: whoever needs it
            // meanwhile must find it free.
            self.next = Some(step);
            return false;
        }
        if let Some(touched) = &mut self.touched {
            touched.note(step, self.actor);
        }
        true
    }
}
