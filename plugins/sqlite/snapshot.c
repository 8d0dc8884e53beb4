/* SPDX-License-Identifier: MIT */
/*
 * Read transactions held from one call to the next. To begin one and to end it costs more
 * than a point read; so a session that is read from again and again keeps the last one,
 * by leaving the statement that read the clock row on its row.
 *
 * WHAT MAY BE READ FROM A HELD ONE. Only what cannot have changed since: rows and anchors
 * at fixed timestamps up to its head, in a namespace that is open. Whoever asks for the
 * newest, or for anything above that head, gets a new snapshot, as do all other operations;
 * so every commit acknowledged to anybody before a call began is seen by it. What does
 * change below the head is taken back to front: a collector raises the horizon first and
 * then deletes, and a snapshot from before has both the lower horizon and all that it
 * promises. Other control fields may be LITE_HOLD_NS late when another process set them,
 * which is as if the call had come that much earlier; this process's own are seen at once,
 * by `generation`.
 *
 * HOW LONG. A held snapshot keeps the write-ahead log from being begun anew. It is used
 * for LITE_HOLD_NS at most, kept only when calls follow closely, and ended by the keeper
 * if none comes. A write of the session ends it too.
 */
#include "plugins/sqlite/sqlite.h"

static bool is_fresh(const persist_session *session, uint32_t ns, int64_t newest, int64_t now)
{
    return session->holds && session->held_ns == ns && newest <= session->held.head &&
           session->held.state == PERSIST_STATE_OPEN &&
           session->held_generation == atomic_load(&session->store->generation) &&
           now - session->held_since < LITE_HOLD_NS;
}

persist_status lite_snapshot(persist_session *session, uint32_t ns, int64_t newest,
                             persist_clock *clock)
{
    int64_t now = lite_host.monotonic();
    bool close = now - session->last_read < LITE_HOLD_NS;
    unsigned generation;
    persist_status status;

    session->last_read = now;
    if (is_fresh(session, ns, newest, now)) {
        *clock = session->held;
        session->keeps = true;
        return PERSIST_OK;
    }
    session->holds = false;
    generation = atomic_load(&session->store->generation);
    status = lite_clock(session, ns, clock, NULL);
    session->keeps = status == PERSIST_OK && close && lite_keeper_holds(session);
    if (session->keeps) {
        session->held = *clock;
        session->held_ns = ns;
        session->held_since = now;
        session->held_generation = generation;
    }
    return status;
}

void lite_snapshot_end(persist_session *session)
{
    if (session->holds)
        sqlite3_reset(session->statements[LITE_CLOCK]);
    session->holds = false;
}
