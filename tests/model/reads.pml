/* SPDX-License-Identifier: MIT */
/*
 * Snapshot reads beside writers, a rising horizon, collection, trimming, and a copy of the
 * store that lags. A transaction reads two keys in two requests, and nothing is held in
 * the store between them. What collection is asked to do is arbitrary: its list may be
 * wrong, or from a lost branch.
 */
#define GUARD_ATOMIC        /* an append's versions and head appear at one moment */
#define GUARD_SNAPSHOT      /* further reads are made at the snapshot, not at the newest */
#define GUARD_ONE_REPLY     /* rows, head and horizon of a reply are of one moment */
#define GUARD_HORIZON       /* a reply whose horizon is above the snapshot is rejected */
#define GUARD_BEHIND        /* a reply whose head is below the snapshot is rejected */
#define GUARD_STRICT        /* a strict begin learns the head from a writer only */
#define GUARD_COLLECT_BELOW /* collect refuses timestamps above the horizon */
#define GUARD_KEEP_NEWEST   /* of the versions up to then the newest stays */
#define GUARD_WHOLE_KEY     /* a tombstone and its elders go in one step */
#define GUARD_PIN           /* the horizon does not pass a pin */
#define GUARD_PIN_COMPARE   /* a pin below the horizon is refused */
#define GUARD_FLOOR         /* trimming leaves the record at every readable timestamp */

/* Soak: -DREADERS=2 -DCOMMITS=2 */
#include "model.pml"

#ifndef COMMITS
#define COMMITS 3
#endif
#ifndef COLLECTS
#define COLLECTS 2
#endif
#ifndef READERS
#define READERS 1
#endif
#define TIMES (COMMITS + 1)
#define KEYS 2

/* Every timestamp from 1 to head is one commit. Bit t of these is a version of the key at
 * timestamp t: */
typedef copy {
    byte head;
    byte horizon;
    byte floor; /* records up to it are gone */
    byte versions[KEYS];
}
copy store;
copy replica;
byte tombs[KEYS]; /* which of them are tombstones */
byte pin;         /* 0: none */

/* Ghosts. */
byte truth[KEYS]; /* versions, as if nothing were ever collected */
byte told_head;   /* newest commit acknowledged to anybody */

#ifdef GUARD_PIN
#define PIN_ALLOWS (pin == 0 || store.horizon < pin)
#else
#define PIN_ALLOWS true
#endif
#ifdef GUARD_PIN_COMPARE
#define PIN_ALLOWED (store.horizon <= snapshot)
#else
#define PIN_ALLOWED true
#endif

#define UPTO(t) ((2 << (t)) - 1)

/* The newest of the versions at or below `at`: its timestamp, or 0; a tombstone is 0,
 * too. */
inline visible(versions_, key, at, result)
{
    result = at;
    do
    :: result > 0 && !(versions_ & BIT(result)) -> result--
    :: else -> break
    od;
    if
    :: tombs[key] & BIT(result) -> result = 0
    :: else
    fi
}

inline put(key, time)
{
    store.versions[key] = store.versions[key] | BIT(time);
    truth[key] = truth[key] | BIT(time)
}

inline commit(keys, tombstone)
{
    d_step {
        store.head + n < COMMITS ->
        n = store.head + 1;
#ifdef GUARD_ATOMIC
        store.head = n;
#endif
        if
        :: tombstone -> tombs[0] = tombs[0] | BIT(n)
        :: else
        fi;
        if
        :: keys & 1 -> put(0, n)
        :: else
        fi;
#ifndef GUARD_ATOMIC
        store.head = n
    };
    d_step {
#endif
        if
        :: keys & 2 -> put(1, n)
        :: else
        fi;
        told_head = n;
        n = 0
    }
}

active proctype Writer()
{
    byte n;
end:
    do
    :: commit(1, false)
    :: commit(1, true)
    :: commit(3, false)
    od
}

/* The horizon rises; then keys are collected, one by one, in any order. */
active proctype Collector()
{
    byte collects, newest, key, time;
end:
    do
    :: d_step {
        store.horizon < store.head && PIN_ALLOWS ->
        store.horizon++
    }
    :: atomic {
        collects < COLLECTS ->
        collects++;
        if
        :: key = 0
        :: key = 1
        fi;
        if
#ifdef GUARD_COLLECT_BELOW
        :: time = store.horizon
#else
        :: time = store.head
#endif
        fi;
        d_step {
            newest = time;
            do
            :: newest > 0 && !(store.versions[key] & BIT(newest)) -> newest--
            :: else -> break
            od;
            if
            :: newest == 0
            :: newest != 0 && (tombs[key] & BIT(newest)) ->
#ifdef GUARD_WHOLE_KEY
                store.versions[key] = store.versions[key] & ~UPTO(newest);
#else
                store.versions[key] = store.versions[key] & ~BIT(newest);
#endif
                REACH("a tombstone is collected with its elders")
            :: else ->
#ifdef GUARD_KEEP_NEWEST
                store.versions[key] = store.versions[key] & ~UPTO(newest - 1);
#else
                store.versions[key] = store.versions[key] & ~UPTO(newest);
#endif
                REACH("elders are collected")
            fi;
            newest = 0
        };
        key = 0;
        time = 0
    }
#ifdef GUARD_FLOOR
    :: d_step { store.floor + 1 < store.horizon -> store.floor++ }
#else
    :: d_step { store.floor < store.horizon -> store.floor++ }
#endif
    od
}

/* The copy catches up, some time. */
active proctype Replication()
{
end:
    do
    :: d_step {
        replica.head != store.head || replica.horizon != store.horizon ->
        replica.head = store.head;
        replica.horizon = store.horizon;
        replica.floor = store.floor;
        replica.versions[0] = store.versions[0];
        replica.versions[1] = store.versions[1]
    }
    od
}

#define NO_ANSWER 0
#define ACCEPTED 1
#define TOO_OLD 2
#define BEHIND 3

/* What a reply says of a key at the snapshot, and whether the host believes it. */
inline read_rows(from, key_)
{
#ifdef GUARD_SNAPSHOT
    visible(from.versions[key_], key_, snapshot, row)
#else
    visible(from.versions[key_], key_, from.head, row)
#endif
}

inline judge(from)
{
    answer = ACCEPTED;
#ifdef GUARD_BEHIND
    if
    :: from.head < snapshot ->
        answer = BEHIND;
        REACH("a copy is behind the snapshot")
    :: else
    fi;
#endif
#ifdef GUARD_HORIZON
    if
    :: answer == ACCEPTED && from.horizon > snapshot ->
        answer = TOO_OLD;
        REACH("the snapshot has become too old")
    :: else
    fi;
#endif
    if
    :: answer == ACCEPTED && snapshot != 0 ->
        INVARIANT("the record at a readable timestamp is there", from.floor < snapshot)
    :: else
    fi
}

/* The rows of one key, and the clock with them. */
inline request(from, key_)
{
#ifdef GUARD_ONE_REPLY
    d_step {
        read_rows(from, key_);
        judge(from);
#else
    d_step { judge(from) };
    d_step {
        read_rows(from, key_);
#endif
        if
        :: answer == ACCEPTED ->
            visible(truth[key_], key_, snapshot, real);
            INVARIANT("reads see the snapshot, no hole and nothing resurrected", row == real)
        :: else
        fi;
        INVARIANT("a pinned snapshot stays readable", !pinned || answer != TOO_OLD);
        row = 0;
        real = 0
    }
}

proctype Reader()
{
    byte snapshot, row, real, answer, begun;
    bool pinned;

    d_step { begun = told_head };
    /* The first reply fixes the snapshot; or it was asked for by its timestamp. */
    if
    :: d_step {
        snapshot = store.head;
        read_rows(store, 0);
        judge(store)
    }
#ifndef GUARD_STRICT
    :: d_step {
        snapshot = replica.head;
        read_rows(replica, 0);
        judge(replica)
    }
#endif
    :: atomic {
        if
        :: store.head >= 1 -> snapshot = 1
        :: store.head >= 2 -> snapshot = 2
        fi;
        begun = 0;
        d_step {
            read_rows(store, 0);
            judge(store);
            REACH("a read of the past")
        }
    }
    fi;
    d_step {
        INVARIANT("a strict snapshot holds what was acknowledged before it", snapshot >= begun);
        begun = 0;
        row = 0
    };
    /* A handle holds its snapshot, or not. */
    if
    :: answer == TOO_OLD -> goto Done
    :: answer == ACCEPTED
    :: d_step {
        answer == ACCEPTED && pin == 0 && snapshot > 0 && PIN_ALLOWED ->
        pin = snapshot;
        pinned = true;
        REACH("a snapshot is pinned")
    }
    fi;
    /* Whoever answers: the other key, and the first once more. */
    do
    :: request(store, 1)
    :: request(replica, 1)
    :: request(store, 0)
    :: break
    od;

Done:
    atomic {
        if
        :: pinned -> pin = 0
        :: else
        fi;
        pinned = false;
        snapshot = 0;
        answer = 0;
        begun = 0
    }
}

init
{
    byte i;
    atomic {
        do
        :: i < READERS ->
            run Reader();
            i++
        :: else -> break
        od
    }
}
