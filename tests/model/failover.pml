/* SPDX-License-Identifier: MIT */
/*
 * A store that loses its tail: a standby is promoted, or an older copy is put back. What
 * is written after that has the timestamps of what was lost, but other digests. Hosts that
 * knew the tail must notice before they write or believe what they read.
 */
#define GUARD_DIGEST   /* append compares the head's digest, not its timestamp alone */
#define GUARD_CHAIN    /* records are adopted only if they chain from the known one */
#define GUARD_KNOWN    /* the first reply must still hold the newest commit known */
#define GUARD_ANCHOR   /* further replies must hold the record of the snapshot */
#define GUARD_SNAPSHOT /* a snapshot above the known head waits until the log reaches it */
#define GUARD_ON_CHAIN /* ... and must lie on the log so reached */

/* Soak: -DROUNDS=3 -DHOSTS=2 -DFAILOVERS=2 */
#include "model.pml"

#ifndef HOSTS
#define HOSTS 3
#endif
#ifndef ROUNDS
#define ROUNDS 2 /* transactions of each host, one after another */
#endif
#ifndef FAILOVERS
#define FAILOVERS 1
#endif
#define RECORDS (HOSTS * ROUNDS + 1)

/* Record t is that of timestamp t; what stands here is its digest. */
byte head;
byte digests[RECORDS];
byte made; /* digests so far: no two records are alike */

/* Losing the tail. */
active proctype Failover()
{
    byte lost;
end:
    do
    :: atomic {
        lost < FAILOVERS && head > 0 ->
        lost++;
        do
        :: head > 0 ->
            digests[head] = 0;
            head--
        :: break
        od;
        REACH("a store loses its tail")
    }
    od
}

#define DIVERGED(why) REACH(why); goto Done

active [HOSTS] proctype Host()
{
    byte rounds;
    byte known, known_digest;
    byte snapshot, snapshot_digest;
    bool conflict;

Begin:
    atomic {
        rounds++;
#ifdef GUARD_KNOWN
        if
        :: head < known || digests[known] != known_digest ->
            DIVERGED("diverged at the first reply")
        :: else
        fi;
#endif
        INVARIANT("a snapshot holds what this process knew",
                  head >= known && digests[known] == known_digest);
        snapshot = head;
        snapshot_digest = digests[head]
    };
    if
    :: atomic {
#ifdef GUARD_ANCHOR
        if
        :: head < snapshot || digests[snapshot] != snapshot_digest ->
            DIVERGED("diverged at a further reply")
        :: else
        fi;
#endif
        INVARIANT("all reads are of one history",
                  head >= snapshot && digests[snapshot] == snapshot_digest)
    }
    :: true
    fi;

Append:
    atomic {
        conflict = false;
#ifdef GUARD_SNAPSHOT
        conflict = (known < snapshot);
#endif
#ifdef GUARD_ON_CHAIN
        if
        :: known == snapshot && known_digest != snapshot_digest ->
            DIVERGED("diverged: the snapshot is not on the log")
        :: else
        fi;
#endif
        if
        :: head != known -> conflict = true
#ifdef GUARD_DIGEST
        :: head == known && digests[head] != known_digest -> conflict = true
#endif
        :: else
        fi;
        if
        :: conflict -> REACH("a lost compare")
        :: else ->
            INVARIANT("the log is one chain", head == known && digests[head] == known_digest);
            INVARIANT("what a commit relied on is part of its history",
                      snapshot <= head && digests[snapshot] == snapshot_digest);
            made++;
            head++;
            digests[head] = made;
            known = head;
            known_digest = made
        fi
    };
    if
    :: !conflict -> goto Next
    :: conflict
    fi;

CatchUp:
    atomic {
#ifdef GUARD_CHAIN
        if
        :: head < known || digests[known] != known_digest ->
            DIVERGED("diverged while catching up")
        :: else
        fi;
#endif
        INVARIANT("what this process knew is not forgotten",
                  head >= known && digests[known] == known_digest);
#ifdef GUARD_SNAPSHOT
        if
        :: head < snapshot -> DIVERGED("diverged: the log does not reach the snapshot")
        :: else
        fi;
#endif
#ifdef GUARD_ON_CHAIN
        if
        :: head >= snapshot && digests[snapshot] != snapshot_digest ->
            DIVERGED("diverged: the snapshot is not on the log")
        :: else
        fi;
#endif
        /* Blind as to keys: whatever does not conflict goes on. */
        known = head;
        known_digest = digests[head]
    };
    goto Append;

Next:
    if
    :: rounds < ROUNDS -> goto Begin
    :: true
    fi;

Done:
    atomic {
        known = 0;
        known_digest = 0;
        snapshot = 0;
        snapshot_digest = 0
    }
}
