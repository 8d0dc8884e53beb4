/* SPDX-License-Identifier: MIT */
/*
 * Moving a namespace while it is written: a pin holds the source's log, records travel
 * with their batch ids, a fence closes the source, the rest is carried, the target is
 * opened. Beside it: a writer whose answer gets lost, trimming, an operator who aborts,
 * and a second mover that takes over from the first, which may still be alive.
 */
#define GUARD_EPOCH         /* append: the epoch must be the expected one */
#define GUARD_FENCE_EPOCH   /* the fence raises the epoch in the step that sets the state */
#define GUARD_FENCE_COMPARE /* ... and compares the control version the mover began with */
#define GUARD_FINAL_HEAD    /* the rest reaches to a head that was read after the fence */
#define GUARD_PIN_LOG       /* the move's pin also holds the log */
#define GUARD_BATCHES       /* batch ids travel with the records */
#define GUARD_ABORT_FIRST   /* an abort takes the target out of loading before all else */
#define GUARD_ABORT_OPEN    /* ... and is refused once the target is open */
#define GUARD_OPEN_COMPARE  /* the target is opened only out of loading */
#define GUARD_LOADING       /* nobody writes a target that is being filled */
#define GUARD_ONE_MOVER     /* a mover's append compares the target's head */

/* Soak: -DAPPENDS=5 */
#include "model.pml"

#ifndef APPENDS
#define APPENDS 3
#endif
#ifndef MOVERS
#define MOVERS 2
#endif
#define RECORDS (APPENDS + 4)

#define IS_ABSENT 0
#define IS_LOADING 1
#define IS_OPEN 2
#define IS_MOVED 3

typedef copy {
    byte head;
    byte floor; /* records up to it are gone */
    byte state;
    byte batches[RECORDS]; /* 0: none, an empty record */
}
copy source;
copy target;
byte epoch; /* of the source */
byte control = 1; /* its control version */
bool pinned;

/* Ghosts. */
bool given_up[APPENDS + 1];
bool happened[APPENDS + 1];
bool fenced;  /* the source was closed, and not opened since */
bool opened;  /* the target was */
bool aborted; /* by an operator, who believes the source to be open */

typedef request {
    bool live;
    byte expected;
    byte epoch;
    byte batch;
}
request flight;

inline add(store_, batch_)
{
    INVARIANT("what was said to be never is never", batch_ == 0 || !given_up[batch_]);
    store_.head++;
    store_.batches[store_.head] = batch_;
    happened[batch_] = true
}

inline append_source(answer_, expected_, epoch_, batch_)
{
    answer_ = OK;
    if
    :: source.state != IS_OPEN -> answer_ = FENCED
#ifdef GUARD_EPOCH
    :: source.state == IS_OPEN && epoch_ != epoch -> answer_ = FENCED
#endif
    :: else
    fi;
    if
    :: answer_ == OK && expected_ != source.head -> answer_ = CONFLICT
    :: else
    fi;
    if
    :: answer_ == OK ->
        INVARIANT("a fenced writer never writes", !fenced && epoch_ == epoch);
        add(source, batch_)
    :: else
    fi
}

proctype Wire()
{
    byte answer;
end:
    do
    :: d_step {
        flight.live ->
        flight.live = false;
        append_source(answer, flight.expected, flight.epoch, flight.batch);
        if
        :: answer == OK -> REACH("a lost append happens")
        :: answer == FENCED -> REACH("a lost append comes after the fence")
        :: else
        fi;
        answer = 0
    }
    od
}

/* Whose is the record behind `expected`? */
inline look(store_)
{
    if
    :: store_.floor > expected /* too old: no verdict */
    :: store_.head > expected && store_.floor <= expected ->
        if
        :: store_.batches[expected + 1] == n ->
            INVARIANT("every outcome told is true", happened[n]);
            REACH("resolved as ours")
        :: else ->
            INVARIANT("every outcome told is true", !happened[n]);
            given_up[n] = true;
            REACH("resolved as another's")
        fi
    :: else
    fi
}

/* Appends; one answer is lost, and resolved wherever the namespace then is. */
proctype Writer()
{
    byte n, known, mine, expected, answer;

    do
    :: n < APPENDS ->
        if
        :: atomic {
            /* On the source. */
            n++;
            append_source(answer, known, mine, n);
            if
            :: answer != OK -> given_up[n] = true
            :: else
            fi;
            known = source.head;
            answer = 0
        }
        :: d_step {
            !flight.live && expected == 0 && known > 0 ->
            n++;
            expected = known;
            flight.live = true;
            flight.expected = expected;
            flight.epoch = mine;
            flight.batch = n;
            answer = LOST
        }
        :: atomic {
            /* The store is opened again, after an abort. */
            source.state == IS_OPEN && mine != epoch ->
            mine = epoch;
            known = source.head;
            REACH("the source is written after an abort")
        }
        :: atomic {
#ifdef GUARD_LOADING
            target.state == IS_OPEN ->
#else
            target.state == IS_OPEN || target.state == IS_LOADING ->
#endif
            n++;
            INVARIANT("only an open store is written", target.state == IS_OPEN);
            add(target, n);
            REACH("the target is written")
        }
        fi;
        if
        :: answer == LOST ->
            if
            :: atomic {
                append_source(answer, expected, mine, 0);
                if
                :: answer == OK ->
                    given_up[n] = true;
                    REACH("resolved by an empty record")
                :: answer == FENCED && source.head == expected ->
                    given_up[n] = true;
                    REACH("resolved by a refusal")
                :: else -> look(source)
                fi;
                known = source.head
            }
            :: atomic {
                /* A token, asked about at the target. */
                target.state == IS_OPEN ->
                REACH("a token is asked about at the target");
                if
                :: target.head == expected ->
                    INVARIANT("every outcome told is true", !happened[n]);
                    add(target, 0);
                    given_up[n] = true
                :: else -> look(target)
                fi
            }
            fi
        :: else
        fi;
        answer = 0
    :: break
    od
}

proctype Trimmer()
{
end:
    do
#ifdef GUARD_PIN_LOG
    :: d_step { !pinned && source.floor + 1 < source.head && source.floor < 2 -> source.floor++ }
#else
    :: d_step { source.floor + 1 < source.head && source.floor < 2 -> source.floor++ }
#endif
    od
}

/* Takes one step after another, and may stop after any: the other goes on. */
proctype Mover()
{
    byte began, next, batch, final;
    bool carrying, closed;

    atomic {
        began = control;
        if
        :: !pinned ->
            pinned = true;
            control++;
            began = control;
            if
            :: source.floor > 0 -> REACH("a move begins behind the log's floor")
            :: else
            fi;
            target.head = source.floor; /* the snapshot holds what is below */
            target.floor = source.floor;
            target.state = IS_LOADING
        :: else -> REACH("a second mover takes over")
        fi
    };
    if
    :: target.state != IS_LOADING -> goto Done
    :: else
    fi;
#ifndef GUARD_FINAL_HEAD
    final = source.head;
#endif

Carry:
    atomic {
        next = target.head;
        if
        :: next < source.head && (!closed || next < final) ->
            INVARIANT("the log holds what a move needs", source.floor <= next);
            batch = source.batches[next + 1];
            carrying = true
        :: else
        fi
    };
    if
    :: atomic {
        carrying ->
        carrying = false;
        if
#ifdef GUARD_ONE_MOVER
        :: target.state != IS_LOADING || target.head != next -> REACH("two movers meet")
#else
        :: target.state != IS_LOADING
#endif
        :: else ->
            INVARIANT("the target's log is the source's", target.head == next);
            target.head++;
#ifdef GUARD_BATCHES
            target.batches[target.head] = batch
#else
            target.batches[target.head] = 0
#endif
        fi;
        batch = 0
    };
        goto Carry
    :: !carrying && !closed
    :: !carrying && closed && next >= final -> goto Open
    fi;

Fence:
    atomic {
        if
        :: source.state == IS_MOVED
#ifdef GUARD_FENCE_COMPARE
        :: source.state == IS_OPEN && control != began ->
            REACH("a fence comes too late");
            goto Done
        :: source.state == IS_OPEN && control == began ->
#else
        :: source.state == IS_OPEN ->
#endif
            INVARIANT("an abort leaves the source open", !aborted);
            source.state = IS_MOVED;
            fenced = true;
            control++;
#ifdef GUARD_FENCE_EPOCH
            epoch++
#endif
        fi
    };
#ifdef GUARD_FINAL_HEAD
    final = source.head;
#endif
    closed = true;
    goto Carry;

Open:
    atomic {
        if
#ifdef GUARD_OPEN_COMPARE
        :: target.state != IS_LOADING -> REACH("an opening comes too late")
#else
        :: false
#endif
        :: else ->
            INVARIANT("one store is open at most", source.state != IS_OPEN);
            INVARIANT("nothing of the source is lost by a cutover",
                      target.head >= source.head);
            target.state = IS_OPEN;
            opened = true;
            REACH("cut over")
        fi
    };

Done:
    atomic {
        began = 0;
        next = 0;
        batch = 0;
        final = 0
    }
}

proctype Operator()
{
    bool refused;
end:
    atomic { pinned && !aborted };
#ifdef GUARD_ABORT_FIRST
    atomic {
        if
#ifdef GUARD_ABORT_OPEN
        :: target.state == IS_OPEN ->
            refused = true;
            REACH("an abort is refused")
#endif
        :: else -> target.state = IS_ABSENT
        fi
    };
#endif
    atomic {
        if
        :: refused
        :: else ->
            INVARIANT("nothing acknowledged is lost by an abort", !opened);
            if
            :: source.state == IS_MOVED -> REACH("a fenced source is opened again")
            :: else -> REACH("a move is aborted before its fence")
            fi;
            aborted = true;
            source.state = IS_OPEN;
            fenced = false;
            control++
        fi
    };
#ifndef GUARD_ABORT_FIRST
    atomic {
        if
        :: target.state == IS_OPEN ->
            INVARIANT("one store is open at most", source.state != IS_OPEN)
        :: else -> target.state = IS_ABSENT
        fi
    };
#endif
    skip
}

init
{
    byte i;
    atomic {
        source.state = IS_OPEN;
        run Wire();
        run Writer();
        run Trimmer();
        run Operator();
        do
        :: i < MOVERS ->
            run Mover();
            i++
        :: else -> break
        od
    }
}
