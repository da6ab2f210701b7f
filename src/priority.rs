//! The rank of a thread among those that want the processor.

/// Lets the calling thread stand behind others where the system does so (on Linux by a niceness of 10, which leaves it a tenth of
/// what another thread gets): for work that nobody waits for.
pub fn step_back() {
    // Where it is refused, the thread takes its turn like any other.
    #[cfg(target_os = "linux")]
    let _refused = rustix::process::nice(10);
}

/// Why a thread stays one among many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The system does not allow it to this user.
    #[error("the system refuses it (error {0}); a user in a group with `rtprio` in its limits gets it")]
    Refused(i32),
    /// On this system sound devices call from threads that have it already.
    #[error("it is not asked for on this system")]
    NotAsked,
}

/// What JACK gives its clients: above everything usual, below what the system itself has.
#[cfg(target_os = "linux")]
const RANK: u8 = 10;

/// Asks that the calling thread go before all threads without this rank (on Linux `SCHED_FIFO`): for threads that play
/// sound and do little. A thread that has such a rank keeps it.
///
/// # Errors
/// [`Denied`]; the thread then goes on as it was.
pub fn ask_for_real_time() -> Result<(), Denied> {
    #[cfg(target_os = "linux")]
    {
        use thread_priority::{
            Error, RealtimeThreadSchedulePolicy, ThreadPriority, ThreadPriorityValue, ThreadSchedulePolicy,
            set_thread_priority_and_policy, thread_native_id, thread_schedule_policy,
        };
        let code = |error: Error| match error {
            Error::OS(code) => Denied::Refused(code),
            _ => Denied::Refused(0),
        };
        if let ThreadSchedulePolicy::Realtime(_) = thread_schedule_policy().map_err(code)? {
            return Ok(());
        }
        let rank = ThreadPriorityValue::try_from(RANK).map_or(ThreadPriority::Min, ThreadPriority::Crossplatform);
        let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo);
        set_thread_priority_and_policy(thread_native_id(), rank, policy).map_err(code)
    }
    #[cfg(not(target_os = "linux"))]
    Err(Denied::NotAsked)
}
