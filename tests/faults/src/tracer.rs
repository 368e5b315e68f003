//! Runs the driver and stops it at every system call that writes below its folder: to count, to strike, or to record.
//!
//! The driver asks to be traced and stops itself at calls that write ([`crate::filter`]); all its threads are followed. A
//! call that is struck is not done at all. While calls are recorded one is done at a time, so that their order is known.

use std::os::fd::AsFd as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use fs_err as fs;
use nix::errno::Errno;
use nix::libc;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::call::{Call, Kind, memory};
use crate::drive::NOT_TRACED;
use crate::journal::{Journal, Recorder};
use crate::said::Said;
use crate::watch::Watch;
use crate::{Fault, Operation};

/// This machine lets no process trace another, or filter its calls.
#[derive(Debug, thiserror::Error)]
#[error("this machine lets no process trace another (ptrace, seccomp)")]
pub struct NotPermitted;

/// What is done at calls that write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim {
    /// They are counted.
    Count,
    /// The n-th is struck, counted from 1.
    Strike(Fault, u64),
    /// They are recorded.
    Record,
}

/// The driver and what it works on.
#[derive(Debug, Clone, Copy)]
pub struct Driver<'a> {
    /// The program.
    pub program: &'a Path,
    /// What it does.
    pub operation: Operation,
    /// The folder that it works in; nothing else is looked at.
    pub folder: &'a Path,
    /// Where its log goes.
    pub log: &'a Path,
    /// After what time it is killed because it hangs.
    pub patience: Duration,
}

/// How the driver ran.
#[derive(Debug)]
pub struct Run {
    /// What it said.
    pub said: Vec<Said>,
    /// How it ended.
    pub ended: ExitStatus,
    /// Whether it was killed because it hung.
    pub hung: bool,
    /// Calls that write below its folder.
    pub calls: u64,
    /// The call that was struck first.
    pub struck: Option<String>,
    /// What happened, if it was recorded.
    pub journal: Option<Journal>,
}

impl Driver<'_> {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// When it can't be started or traced, or does what can't be recorded.
    pub fn run(&self, aim: Aim) -> Result<Run> {
        let recorder = (aim == Aim::Record).then(|| Recorder::begin(self.folder)).transpose()?;
        let log = fs::File::create(self.log)?;
        let child = Command::new(self.program)
            .arg(self.operation.word())
            .arg(self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log.file().as_fd().try_clone_to_owned()?)
            .spawn()
            .with_context(|| format!("{} can't be started", self.program.display()))?;
        let driver = Pid::from_raw(i32::try_from(child.id())?);
        let watch = Watch::over(driver, self.patience)?;
        let mut tracer =
            Tracer { folder: self.folder, aim, driver, calls: 0, struck: None, said: Vec::new(), recorder };
        let ended = tracer.follow();
        if ended.is_err() {
            // It is traced and would wait for ever.
            let _gone = kill(driver, Signal::SIGKILL);
        }
        let hung = watch.end();
        let ended = ended?;
        if ended.code() == Some(i32::from(NOT_TRACED)) {
            return Err(NotPermitted.into());
        }
        let Tracer { calls, struck, said, recorder, .. } = tracer;
        let journal = recorder.map(Recorder::end);
        Ok(Run { said, ended, hung, calls, struck, journal })
    }
}

struct Tracer<'a> {
    folder: &'a Path,
    aim: Aim,
    driver: Pid,
    calls: u64,
    struck: Option<String>,
    said: Vec<Said>,
    recorder: Option<Recorder>,
}

impl Tracer<'_> {
    fn follow(&mut self) -> Result<ExitStatus> {
        match waitpid(self.driver, None)? {
            WaitStatus::Stopped(_, Signal::SIGSTOP) => {}
            other => {
                return self.ended(other).with_context(|| format!("the driver begins with {other:?}"));
            }
        }
        let options = Options::PTRACE_O_EXITKILL
            | Options::PTRACE_O_TRACESYSGOOD
            | Options::PTRACE_O_TRACESECCOMP
            | Options::PTRACE_O_TRACECLONE
            | Options::PTRACE_O_TRACEFORK
            | Options::PTRACE_O_TRACEVFORK;
        ptrace::setoptions(self.driver, options)?;
        ptrace::cont(self.driver, None)?;
        loop {
            // Only what this thread traces: others trace drivers of their own.
            let status = waitpid(None, Some(WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD))?;
            if let Some(ended) = self.ended(status) {
                return Ok(ended);
            }
            match self.meet(status) {
                // A thread that is killed while it is stopped is gone.
                Err(error) if error.downcast_ref::<Errno>() == Some(&Errno::ESRCH) => {}
                met => met?,
            }
        }
    }

    fn ended(&self, status: WaitStatus) -> Option<ExitStatus> {
        match status {
            WaitStatus::Exited(pid, code) if pid == self.driver => Some(ExitStatus::from_raw(code << 8)),
            WaitStatus::Signaled(pid, signal, _) if pid == self.driver => {
                Some(ExitStatus::from_raw(signal as i32))
            }
            _ => None,
        }
    }

    fn meet(&mut self, status: WaitStatus) -> Result<()> {
        match status {
            WaitStatus::PtraceEvent(thread, _, libc::PTRACE_EVENT_SECCOMP) => self.at_call(thread),
            WaitStatus::PtraceEvent(thread, ..) => Ok(ptrace::cont(thread, None)?),
            // So a new thread begins.
            WaitStatus::Stopped(thread, Signal::SIGSTOP) => Ok(ptrace::cont(thread, None)?),
            WaitStatus::Stopped(thread, signal) => Ok(ptrace::cont(thread, signal)?),
            _ => Ok(()),
        }
    }

    fn at_call(&mut self, thread: Pid) -> Result<()> {
        let mut registers = ptrace::getregs(thread)?;
        let call = Call::of(thread, &registers)?;
        if call.kind == Kind::Say {
            self.hear(&memory(thread, registers.rsi, usize::try_from(registers.rdx)?)?)?;
            return Ok(ptrace::cont(thread, None)?);
        }
        // To make everything durable is about this folder, too.
        if !call.is_below(self.folder) && call.kind != Kind::SyncAll {
            return Ok(ptrace::cont(thread, None)?);
        }
        if call.kind != Kind::Map {
            self.calls += 1;
        }
        match self.aim {
            Aim::Strike(fault, first) if call.kind != Kind::Map && fault.strikes(self.calls, first) => {
                self.struck.get_or_insert_with(|| call.to_string());
                let Some(errno) = fault.errno() else { return Ok(kill(self.driver, Signal::SIGKILL)?) };
                registers.orig_rax = u64::MAX;
                registers.rax = (-i64::from(errno)).cast_unsigned();
                ptrace::setregs(thread, registers)?;
                Ok(ptrace::cont(thread, None)?)
            }
            Aim::Record => self.record(thread, &call),
            Aim::Count | Aim::Strike(..) => Ok(ptrace::cont(thread, None)?),
        }
    }

    fn hear(&mut self, line: &[u8]) -> Result<()> {
        let said: Said = serde_json::from_slice(line)
            .with_context(|| format!("the driver says {}", String::from_utf8_lossy(line)))?;
        if let Some(recorder) = &mut self.recorder {
            recorder.hear(said.clone());
        }
        self.said.push(said);
        Ok(())
    }

    /// Lets one call be done while every other waits.
    fn record(&mut self, thread: Pid, call: &Call) -> Result<()> {
        let recorder = self.recorder.as_mut().context("nothing is recorded")?;
        let before = recorder.before(thread, call).with_context(|| format!("before {call}"))?;
        ptrace::syscall(thread, None)?;
        loop {
            match waitpid(thread, Some(WaitPidFlag::__WALL))? {
                WaitStatus::PtraceSyscall(_) => break,
                WaitStatus::Stopped(_, signal) => ptrace::syscall(thread, signal)?,
                other => return Err(anyhow!("{call} ended with {other:?}")),
            }
        }
        let result = ptrace::getregs(thread)?.rax.cast_signed();
        recorder.after(thread, call, &before, result).with_context(|| format!("after {call}"))?;
        Ok(ptrace::cont(thread, None)?)
    }
}
