/* SPDX-License-Identifier: MIT */
/*
 * Revalidation under the lock: after a lost compare the backend locks the clock row, hands
 * over the records since, and appends what the host's callback makes of them, in the same
 * backend transaction. Compare, lock and append are messages of their own; each may stay
 * on its way, and a host may stop for good at any place, also while it holds the lock.
 */
#define GUARD_LOCK        /* the row is locked while the callback runs */
#define GUARD_EPOCH       /* the epoch is checked under the lock, too */
#define GUARD_VALIDATE    /* the callback validates before it makes a new append */
#define GUARD_WHOLE_LIST  /* more records than may be handed over: plain conflict */
#define GUARD_TIMESTAMP   /* the new append's timestamps lie above the head under the lock */
#define GUARD_TURN_HEAD   /* a resolve in a turn asks about the head under the lock */
#define GUARD_PLAIN_FENCE /* the resolver's own append takes no callback */
#define GUARD_BOUND       /* the server ends a transaction whose client stopped */

/* Soak: -DATTEMPTS=2 */
#include "model.pml"

#ifndef HOSTS
#define HOSTS 3
#endif
#ifndef LOSSES
#define LOSSES 1 /* answers lost in all */
#endif
#ifndef ATTEMPTS
#define ATTEMPTS 1
#endif
#define HANDED 1 /* records handed over at most */
#define RECORDS (HOSTS + LOSSES + 3)
#define KEYS 2
#define X 1
#define Y 2
#define NOBODY 255

/* The store; a record's index stands for its digest. */
byte head;
byte epoch;
byte holder = NOBODY; /* of the clock row's lock */
byte timestamps[RECORDS];
byte batches[RECORDS]; /* 0: none, an empty record */
byte wrote[RECORDS];

/* One transaction a host. */
byte reads[HOSTS];
byte writes[HOSTS];
byte snapshot[HOSTS];

/* Ghosts. */
byte last_writer[KEYS];
byte applied[HOSTS];
byte told[HOSTS];
bool happened[2 * HOSTS * ATTEMPTS + 2];
bool given_up[2 * HOSTS * ATTEMPTS + 2];

/* A message whose sender no longer waits. */
typedef message {
    bool live;
    bool in_turn; /* the append of a turn: its sender holds the lock */
    byte host;
    byte expected;
    byte batch;
    byte first;
    bool bare;
}
message flight[LOSSES];
byte lost;

/* The record is added: whoever calls this has compared, or holds the lock. */
inline add(host_, epoch_, expected_, batch_, first_, bare_)
{
    INVARIANT("the log is one chain", expected_ == head);
    INVARIANT("a fenced writer never writes", epoch_ == epoch);
    INVARIANT("timestamps rise", first_ > timestamps[head]);
    INVARIANT("what was said to be never is never", bare_ || !given_up[batch_]);
    head++;
    timestamps[head] = first_;
    if
    :: bare_
    :: else ->
        batches[head] = batch_;
        INVARIANT("a transaction commits once", applied[host_] == 0);
        INVARIANT("no lost update",
                  (!(writes[host_] & X) || last_writer[0] <= snapshot[host_]) &&
                      (!(writes[host_] & Y) || last_writer[1] <= snapshot[host_]));
        INVARIANT("serializability",
                  (!(reads[host_] & X) || last_writer[0] <= snapshot[host_]) &&
                      (!(reads[host_] & Y) || last_writer[1] <= snapshot[host_]));
        happened[batch_] = true;
        applied[host_] = head;
        wrote[head] = writes[host_];
        if
        :: writes[host_] & X -> last_writer[0] = head
        :: else
        fi;
        if
        :: writes[host_] & Y -> last_writer[1] = head
        :: else
        fi
    fi
}

inline lose(in_turn_, expected_, batch_, first_, bare_)
{
    flight[lost].live = true;
    flight[lost].in_turn = in_turn_;
    flight[lost].host = p;
    flight[lost].expected = expected_;
    flight[lost].batch = batch_;
    flight[lost].first = first_;
    flight[lost].bare = bare_;
    lost++
}

/* Messages arrive late or never; the server's own bound ends what stands still. */
inline arrive(i)
{
    flight[i].live ->
    flight[i].live = false;
    if
    :: flight[i].in_turn && holder == flight[i].host ->
        add(flight[i].host, 0, flight[i].expected, flight[i].batch, flight[i].first, flight[i].bare);
        holder = NOBODY;
        REACH("a lost append of a turn happens")
    :: flight[i].in_turn && holder != flight[i].host ->
        REACH("a lost append of a turn finds its transaction ended")
    :: !flight[i].in_turn && epoch == 0 && head == flight[i].expected ->
        add(flight[i].host, 0, flight[i].expected, flight[i].batch, flight[i].first, flight[i].bare);
        REACH("a lost append happens")
    :: else -> REACH("a lost append comes too late")
    fi
}

active proctype Server()
{
end:
    do
    :: atomic { flight[0].live && (flight[0].in_turn || holder == NOBODY) -> arrive(0) }
#if LOSSES > 1
    :: atomic { flight[1].live && (flight[1].in_turn || holder == NOBODY) -> arrive(1) }
#endif
#ifdef GUARD_BOUND
    :: d_step {
        holder != NOBODY ->
        holder = NOBODY;
        REACH("the server ends a transaction")
    }
#endif
    od
}

active proctype Operator()
{
end:
    d_step { holder == NOBODY -> epoch = 1 } /* the fence waits for the lock as well */
}

/* Records (snapshot, until]: does one conflict? `until` is what was handed over. */
inline check(until)
{
    r = validated + 1;
    do
    :: r <= until && !(wrote[r] & (reads[p] | writes[p])) -> r++
    :: else -> break
    od;
    conflict = (r <= until);
    r = 0
}

proctype Host(byte p)
{
    byte r, handed, attempts, known, validated, expected, batch, answer, verdict, first;
    bool conflict, stopped;

    d_step {
        snapshot[p] = head;
        validated = head
    };

Append:
    atomic {
        attempts++;
        expected = known;
        first = timestamps[known] + 1;
        batch = 2 * (p * ATTEMPTS + attempts)
    };
    if
    :: atomic {
        holder == NOBODY ->
        if
        :: epoch != 0 -> answer = FENCED
        :: epoch == 0 && head == expected ->
            add(p, 0, expected, batch, first, false);
            answer = OK;
            REACH("appended at once")
        :: epoch == 0 && head != expected -> answer = CONFLICT
        fi
    }
    :: d_step {
        lost < LOSSES ->
        lose(false, expected, batch, first, false);
        answer = LOST
    }
    fi;
    if
    :: answer == OK || answer == FENCED -> goto Tell
    :: answer == LOST -> goto Fence
    :: answer == CONFLICT
    fi;

Lock:
    /* A message of its own: others go on in between. */
    atomic {
        holder == NOBODY ->
        answer = 0;
        if
#ifdef GUARD_EPOCH
        :: epoch != 0 ->
            answer = FENCED;
            REACH("fenced under the lock")
        :: epoch == 0 ->
#else
        :: true ->
#endif
            if
#ifdef GUARD_WHOLE_LIST
            :: head - known > HANDED ->
                answer = CONFLICT;
                REACH("too many records for a turn")
            :: head - known <= HANDED ->
#else
            :: true ->
#endif
#ifdef GUARD_LOCK
                holder = p;
#endif
                expected = head
            fi
        fi
    };
    if
    :: answer == FENCED -> goto Tell
    :: answer == CONFLICT -> goto CatchUp
    :: answer == 0
    fi;

Revalidate:
    /* In the host, while the lock is held. */
    atomic {
#ifdef GUARD_VALIDATE
        handed = (expected - known > HANDED -> known + HANDED : expected);
        check(handed);
        handed = 0;
#endif
        batch = batch + 1;
#ifdef GUARD_TIMESTAMP
        first = timestamps[expected] + 1;
#endif
        if
        :: conflict -> REACH("a conflict in a turn")
        :: else
        fi
    };
    if
    :: d_step {
        conflict ->
        holder = (holder == p -> NOBODY : holder);
        answer = CONFLICT
    }
    :: d_step {
        !conflict ->
        if
#ifdef GUARD_LOCK
        :: holder != p ->
            answer = FAILED; /* the server ended the transaction: nothing was written */
            REACH("the transaction of a turn has ended")
        :: holder == p ->
#else
        :: true ->
#endif
            add(p, 0, expected, batch, first, false);
            holder = NOBODY;
            answer = OK;
            REACH("appended in a turn")
        fi
    }
    :: d_step {
        !conflict && lost < LOSSES ->
        lose(true, expected, batch, first, false);
        answer = LOST
    }
    :: d_step {
        p == 0 ->
        answer = ABORTED;
        stopped = true; /* the process stops, with the lock in its hands */
        REACH("a host stops while it holds the lock")
    }
    fi;
    if
    :: stopped -> goto Done
    :: !stopped && answer == OK -> goto Tell
    :: !stopped && answer == LOST ->
#ifndef GUARD_TURN_HEAD
        expected = known;
#endif
        goto Fence
    :: !stopped && (answer == CONFLICT || answer == FAILED) -> goto Tell
    fi;

CatchUp:
    atomic {
        answer = CONFLICT;
        check(head);
        known = head;
        validated = head
    };
    if
    :: conflict || attempts >= ATTEMPTS -> goto Tell
    :: else -> goto Append
    fi;

Fence:
    atomic {
        holder == NOBODY ->
        if
        :: epoch != 0 ->
            verdict = (head == expected -> NEVER : OPEN)
        :: epoch == 0 && head == expected ->
            add(p, 0, expected, 0, timestamps[expected] + 1, true);
            verdict = NEVER;
            REACH("resolved by an empty record")
        :: epoch == 0 && head != expected ->
#ifdef GUARD_PLAIN_FENCE
            verdict = OPEN
#else
            add(p, 0, head, 0, timestamps[head] + 1, true);
            verdict = NEVER
#endif
        fi
    };
    d_step {
        if
        :: verdict == OPEN ->
            verdict = (batches[expected + 1] == batch -> OK : NEVER);
            if
            :: verdict == OK -> REACH("resolved as ours")
            :: else -> REACH("resolved as another's")
            fi
        :: else
        fi;
        INVARIANT("what was said to be ours happened", verdict != OK || happened[batch]);
        INVARIANT("what was said to be never is never", verdict != NEVER || !happened[batch]);
        given_up[batch] = (verdict == NEVER);
        answer = (verdict == OK -> OK : CONFLICT)
    };

Tell:
    atomic {
        told[p] = (answer == OK -> COMMITTED : ABORTED);
        INVARIANT("every outcome told is true", (told[p] == COMMITTED) == (applied[p] != 0))
    };

Done:
    atomic {
        known = 0;
        validated = 0;
        attempts = 0;
        expected = 0;
        batch = 0;
        answer = 0;
        verdict = 0;
        first = 0;
        conflict = false
    }
}

init
{
    byte i;
    atomic {
        do
        :: i < HOSTS ->
            if
            :: reads[i] = X; writes[i] = Y
            /* Fewer for the first and the third: x and y, and hosts, are alike. */
            :: i == 1 -> reads[i] = Y; writes[i] = X
            :: i != 2 -> reads[i] = X; writes[i] = X
            :: writes[i] = X
            fi;
            i++
        :: else -> break
        od;
        i = 0;
        do
        :: i < HOSTS ->
            run Host(i);
            i++
        :: else -> break
        od
    }
}
