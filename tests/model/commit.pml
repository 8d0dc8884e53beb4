/* SPDX-License-Identifier: MIT */
/*
 * Append, group commit with revalidation, and resolve.
 *
 * Each leader is a process of its own with a group of transactions. Requests get lost
 * before or after they did their work, or do it much later; a process stops for good; an
 * operator fences; a look at the log meets a copy that lags. Leader's labels carry the
 * names of the steps in core/txn: Validate, Append, CatchUp, Split, Fence, Look.
 */
#define GUARD_COMPARE       /* append: head and digest must be the expected ones */
#define GUARD_EPOCH         /* append: the epoch must be the expected one */
#define GUARD_TIMESTAMP     /* timestamps begin at max(wall clock, head + 1) */
#define GUARD_FIRST_WINS    /* a written key conflicts with a commit since the snapshot */
#define GUARD_READ_SET      /* so does a key that was read */
#define GUARD_PAIR          /* members are validated against those before them */
#define GUARD_REVALIDATE    /* after a lost compare the group is validated anew */
#define GUARD_WHOLE_GROUP   /* ... the whole of it */
#define GUARD_ADOPT         /* the known head moves only as far as its records were read */
#define GUARD_TELL_AFTER    /* no outcome is told before the append's result */
#define GUARD_RESOLVE       /* a lost answer is resolved before anything else is done */
#define GUARD_FENCE         /* ... by an empty append first, not by a look alone */
#define GUARD_BATCH         /* the record behind H is ours only by its batch id */
#define GUARD_EMPTY_BATCH   /* an empty record has a batch id of its own */
#define GUARD_FOLLOWS       /* the record that directly follows H decides, not the newest */
#define GUARD_LAST_ATTEMPT  /* H is the head that the last attempt expected */
#define GUARD_EMPTY_LIST    /* an empty list of records is no verdict */
#define GUARD_REFUSED_LOOK  /* a refusal decides only if the head is still H */

/* Soak: -DLOST_APPENDS=2 */
#include "model.pml"

#ifndef LEADERS
#define LEADERS 2
#endif
#ifndef LOSSES
#define LOSSES 2 /* answers lost in all, to appends and fences */
#endif
#ifndef LOST_APPENDS
#define LOST_APPENDS 1 /* of these to appends, at most */
#endif
#ifndef ATTEMPTS
#define ATTEMPTS 2 /* appends of one leader */
#endif
#ifndef TRIES
#define TRIES 1 /* fences of one resolve, before the caller has a token and as often after */
#endif
#ifndef PAIRS
#define PAIRS 1 /* leaders that have two transactions; the others have one */
#endif
#define TXS (2 * LEADERS)
#define RECORDS (TXS + LOSSES * TRIES + 2)
#define BATCHES (LEADERS * (ATTEMPTS + 1) + 1)
#define KEYS 2
#define X 1
#define Y 2

/* The store. A record is known by its index, which stands for its digest: no two are
 * alike. Record 0 is there from the beginning. */
byte head;
byte epoch;
byte timestamps[RECORDS]; /* newest of the record */
byte batches[RECORDS];    /* 0: none, an empty record */
byte wrote[RECORDS];      /* keys */

/* The transactions. */
byte reads[TXS];
byte writes[TXS];
byte snapshot[TXS];

/* Ghosts: what really happened. */
byte last_writer[KEYS]; /* record */
byte applied[TXS];      /* record, or 0 */
byte told[TXS];
bool happened[BATCHES];
bool given_up[BATCHES]; /* somebody heard that it never will */

/* Requests whose sender no longer waits. */
typedef request {
    bool live;
    byte expected;
    byte epoch;
    byte batch;
    byte members; /* bits of the transactions */
    byte first;   /* timestamp */
}
request flight[LOSSES];
byte lost;
bool trouble; /* one definite error, or a catch-up cut off, or a copy that lags */

inline apply_member(t, members_)
{
    if
    :: members_ & BIT(t) ->
        INVARIANT("every outcome told is true", told[t] != ABORTED);
        INVARIANT("a transaction commits once", applied[t] == 0);
        INVARIANT("no lost update",
                  (!(writes[t] & X) || last_writer[0] <= snapshot[t]) &&
                      (!(writes[t] & Y) || last_writer[1] <= snapshot[t]));
        INVARIANT("serializability",
                  (!(reads[t] & X) || last_writer[0] <= snapshot[t]) &&
                      (!(reads[t] & Y) || last_writer[1] <= snapshot[t]));
        applied[t] = head;
        if
        :: writes[t] & X -> last_writer[0] = head
        :: else
        fi;
        if
        :: writes[t] & Y -> last_writer[1] = head
        :: else
        fi;
        wrote[head] = wrote[head] | writes[t];
        timestamps[head] = (n_members == 0 -> timestamps[head] : timestamps[head] + 1);
        n_members++
    :: else
    fi
}

/* One append in the store, all of one moment. */
inline apply(answer, expected_, epoch_, batch_, members_, first_)
{
    answer = OK;
#ifdef GUARD_EPOCH
    if
    :: epoch_ != epoch -> answer = FENCED
    :: else
    fi;
#endif
#ifdef GUARD_COMPARE
    if
    :: answer == OK && expected_ != head -> answer = CONFLICT
    :: else
    fi;
#endif
    if
    :: answer == OK ->
        INVARIANT("the log is one chain", expected_ == head);
        INVARIANT("a fenced writer never writes", epoch_ == epoch);
        INVARIANT("timestamps rise", first_ > timestamps[head]);
        INVARIANT("what was said to be never is never", !given_up[batch_]);
        head++;
        timestamps[head] = first_;
        batches[head] = batch_;
        happened[batch_] = (members_ != 0);
        n_members = 0;
        t = 0;
        do
        :: t < TXS ->
            apply_member(t, members_);
            t++
        :: else -> break
        od;
        n_members = 0;
        t = 0
    :: else
    fi
}

/* The answer was lost: the request is on its way, and may arrive at any time. */
inline lose(expected_, epoch_, batch_, members_, first_)
{
    flight[lost].live = true;
    flight[lost].expected = expected_;
    flight[lost].epoch = epoch_;
    flight[lost].batch = batch_;
    flight[lost].members = members_;
    flight[lost].first = first_;
    lost++
}

/* What is on its way arrives, or never does. */
active proctype Wire()
{
    byte i, t, n_members, answer;
end:
    do
    :: d_step {
        flight[0].live ->
        flight[0].live = false;
        apply(answer, flight[0].expected, flight[0].epoch, flight[0].batch, flight[0].members,
              flight[0].first);
        if
        :: answer == OK -> REACH("a lost append happens")
        :: answer == CONFLICT -> REACH("a lost append comes too late")
        :: answer == FENCED -> REACH("a lost append comes after the fence")
        fi;
        answer = 0
    }
#if LOSSES > 1
    :: d_step {
        flight[1].live ->
        flight[1].live = false;
        apply(answer, flight[1].expected, flight[1].epoch, flight[1].batch, flight[1].members,
              flight[1].first);
        answer = 0
    }
#endif
#if LOSSES > 2
    :: d_step {
        flight[2].live ->
        flight[2].live = false;
        apply(answer, flight[2].expected, flight[2].epoch, flight[2].batch, flight[2].members,
              flight[2].first);
        answer = 0
    }
#endif
    od
}

/* An operator fences, some time or never. */
active proctype Operator()
{
end:
    d_step { epoch = 1 }
}

/* Checks one member against the records (validated, window] and, if need be, against the
 * members before it; takes it out if it conflicts. */
inline validate_member(t)
{
    if
    :: members & BIT(t) ->
        mine = 0;
#ifdef GUARD_READ_SET
        mine = mine | reads[t];
#endif
#ifdef GUARD_FIRST_WINS
        mine = mine | writes[t];
#endif
        r = (validated[t - 2 * p] >= snapshot[t] -> validated[t - 2 * p] : snapshot[t]) + 1;
        do
        :: r <= window && !(wrote[r] & mine) -> r++
        :: else -> break
        od;
        if
        :: r <= window ->
            told[t] = ABORTED;
            members = members & ~BIT(t);
            REACH("a conflict with the log")
#ifdef GUARD_PAIR
        :: r > window && (before & mine) ->
            told[t] = ABORTED;
            members = members & ~BIT(t);
            REACH("a conflict within the group")
#endif
        :: else ->
            before = before | writes[t];
            validated[t - 2 * p] = known
        fi;
        r = 0;
        mine = 0
    :: else
    fi
}

inline tell(what)
{
    t = 2 * p;
    do
    :: t < 2 * p + 2 ->
        if
        :: members & BIT(t) ->
            INVARIANT("every outcome told is true",
                      (what == COMMITTED && applied[t] != 0) ||
                          (what == ABORTED && applied[t] == 0) || what == UNRESOLVED);
            told[t] = what
        :: else
        fi;
        t++
    :: else -> break
    od;
    t = 0
}

/* What the answer to a fence means. Of a refusal the head comes with it. */
inline judge()
{
    if
    :: answer == OK ->
        verdict = NEVER;
        REACH("resolved by an empty record")
#ifdef GUARD_REFUSED_LOOK
    :: answer == FENCED && head == expected ->
        verdict = NEVER;
        REACH("resolved by a refusal")
    :: answer == FENCED && head != expected -> answer = CONFLICT
#else
    :: answer == FENCED -> verdict = NEVER
#endif
    :: else
    fi
}

proctype Leader(byte p)
{
    byte t, r, n_members, mine, before;
    byte answer, verdict;
    byte members, rest; /* of the group; and those that a split left for later */
    byte known, window; /* newest record known; newest whose keys are known */
    byte attempts, tries;
    byte first;
    byte batch, expected, own_epoch;
    byte validated[2];
    bool token; /* the outcome was told as unresolved: its token is being asked about */

    /* Begin. The reads are of one moment each. */
    d_step {
        known = 0;
        snapshot[2 * p] = head
    };
    d_step {
        if
        :: p < PAIRS ->
            snapshot[2 * p + 1] = head;
            members = BIT(2 * p) | BIT(2 * p + 1)
        :: else -> members = BIT(2 * p)
        fi
    };

Validate:
    atomic {
        before = 0;
#ifndef GUARD_REVALIDATE
        if
        :: attempts > 0 ->
            validated[0] = window;
            validated[1] = window
        :: else
        fi;
#endif
#ifndef GUARD_WHOLE_GROUP
        if
        :: attempts > 0 -> validated[1] = window
        :: else
        fi;
#endif
        validate_member(2 * p);
        validate_member(2 * p + 1);
        before = 0;
        if
        :: members == 0 -> goto Done
        :: else
        fi;

        attempts++;
        batch = p * (ATTEMPTS + 1) + attempts;
#ifndef GUARD_LAST_ATTEMPT
        if
        :: attempts > 1
        :: else -> expected = known
        fi;
#else
        expected = known;
#endif
#ifdef GUARD_TIMESTAMP
        first = timestamps[known] + 1;
#else
        first = timestamps[known] + (attempts > 1 -> 0 : 1); /* the clock was set back */
#endif
    };
#ifndef GUARD_TELL_AFTER
    d_step {
        told[2 * p] = (members & BIT(2 * p) -> COMMITTED : told[2 * p]);
        INVARIANT("every outcome told is true", !(members & BIT(2 * p)) || applied[2 * p] != 0)
    };
#endif
    if
    :: atomic {
        apply(answer, known, own_epoch, batch, members, first);
        goto Answer
    }
    :: d_step {
        lost < LOST_APPENDS ->
        lose(known, own_epoch, batch, members, first);
        answer = LOST
    }
    :: d_step {
        !trouble && rest == 0 && members == (BIT(2 * p) | BIT(2 * p + 1)) ->
        trouble = true;
        answer = FAILED
    }
    fi;

Answer:
    atomic {
        if
        :: answer == OK ->
            tell(COMMITTED);
            window = known + 1;
            known = window;
            members = 0;
            answer = 0;
            REACH("told at once");
            goto Done
        :: answer == FENCED ->
            tell(ABORTED);
            members = 0;
            rest = 0;
            answer = 0;
            REACH("told as fenced");
            goto Done
        :: answer == FAILED -> goto Split
        :: answer == LOST ->
#ifdef GUARD_RESOLVE
            goto Fence
#else
            goto Split
#endif
        :: answer == CONFLICT -> goto CatchUp
        fi
    };

CatchUp:
    /* Records never change, so pages that are read one after another, while others go
     * on, are as good as all of them read with the last. */
    atomic {
        answer = 0;
        if
        :: known < head ->
            do
            :: known < head ->
                known++;
                if
                :: batches[known] == 0 -> REACH("an empty record is read")
                :: else
                fi
            :: else -> break
            od;
            window = known
        :: known == head
        :: known < head && !trouble ->
            /* What was read is forgotten, and known is what it was. The members fail;
             * here they go on, as they would on their own after a split. */
            trouble = true;
            REACH("a catch-up fails half way")
#ifndef GUARD_ADOPT
        :: known + 1 < head ->
            window = known + 1;
            known = head
#endif
        fi
    };
    if
    :: attempts < ATTEMPTS -> goto Validate
    :: else ->
        d_step {
            tell(ABORTED);
            members = 0;
            REACH("gave up after lost compares")
        };
        goto Done
    fi;

Split:
    atomic {
        answer = 0;
        REACH("a group is split");
        rest = members & BIT(2 * p + 1);
        members = members & ~rest;
        if
        :: members == 0 ->
            members = rest;
            rest = 0
        :: else
        fi
    };
    if
    :: attempts < ATTEMPTS -> goto Validate
    :: else ->
        d_step {
            tell(ABORTED);
            members = rest;
            tell(ABORTED);
            members = 0;
            rest = 0
        };
        goto Done
    fi;

Fence:
    atomic {
        tries++;
        answer = 0;
        verdict = OPEN
    };
    if
#ifdef GUARD_FENCE
#ifdef GUARD_EMPTY_BATCH
    :: d_step { apply(answer, expected, own_epoch, 0, 0, timestamps[expected] + 1); judge() }
    :: d_step {
        lost < LOSSES ->
        lose(expected, own_epoch, 0, 0, timestamps[expected] + 1);
        answer = LOST;
        REACH("the answer to a fence is lost")
    }
#else
    :: d_step { apply(answer, expected, own_epoch, batch, 0, timestamps[expected] + 1); judge() }
    :: d_step {
        lost < LOSSES ->
        lose(expected, own_epoch, batch, 0, timestamps[expected] + 1);
        answer = LOST
    }
#endif
    :: answer = LOST /* the store cannot be reached */
#else
    :: d_step { answer = (head == expected -> OK : CONFLICT); judge() }
#endif
    fi;

Look:
    if
    :: answer == CONFLICT ->
        if
        :: d_step {
            head > expected ->
#ifdef GUARD_FOLLOWS
            r = expected + 1;
#else
            r = head;
#endif
#ifdef GUARD_BATCH
            verdict = (batches[r] == batch -> OK : NEVER);
#else
            verdict = OK;
#endif
            r = 0;
            if
            :: verdict == OK -> REACH("resolved as ours")
            :: verdict == NEVER -> REACH("resolved as another's")
            fi
        }
        :: d_step {
            !trouble ->
            trouble = true;
#ifdef GUARD_EMPTY_LIST
            verdict = OPEN;
#else
            verdict = NEVER;
#endif
            REACH("a look at a copy that lags")
        }
        fi
    :: else
    fi;

Verdict:
    atomic {
        INVARIANT("what was said to be ours happened", verdict != OK || happened[batch]);
        if
        :: verdict == NEVER ->
            INVARIANT("what was said to be never is never", !happened[batch]);
            given_up[batch] = true
        :: else
        fi;
        answer = 0;
        if
        :: verdict == OPEN
        :: else -> tries = 0
        fi
    };
    if
    :: verdict == OPEN && tries < TRIES -> goto Fence
    :: verdict == OPEN && tries >= TRIES ->
        /* The caller has a token now. It is asked about later, by anybody: since a token
         * is all that is used, it may as well be done here. */
        if
        :: !token ->
            d_step {
                tell(UNRESOLVED);
                tries = 0;
                token = true;
                REACH("told as unresolved")
            };
            goto Fence
        :: else -> goto Done
        fi
    :: verdict == OK ->
        d_step {
            tell(COMMITTED);
            window = expected + 1;
            known = window;
            members = 0;
            if
            :: token -> REACH("a token is found committed")
            :: else
            fi
        };
        goto Done
    :: verdict == NEVER && token ->
        d_step {
            tell(ABORTED);
            members = 0;
            REACH("a token is found not committed")
        };
        goto Done
    :: verdict == NEVER && !token -> goto CatchUp
    fi;

Done:
    /* After a split the others have their turn. */
    if
    :: rest != 0 && !token && attempts < ATTEMPTS ->
        d_step {
            members = rest;
            rest = 0;
            verdict = 0
        };
        goto Validate
    :: else
    fi;
    /* What no longer matters must not make states differ. */
    d_step {
        known = 0;
        window = 0;
        attempts = 0;
        tries = 0;
        first = 0;
        batch = 0;
        expected = 0;
        verdict = 0;
        token = 0;
        rest = 0;
        members = 0;
        validated[0] = 0;
        validated[1] = 0
    }
}

init
{
    byte i;
    atomic {
        /* Every transaction is one of: moves x to y, moves y to x (together: write
         * skew), counts x up (lost update), writes x blindly. */
        do
        :: i < TXS ->
            if
            :: i % 2 == 1 && i / 2 >= PAIRS /* not there */
            :: i % 2 == 0 || i / 2 < PAIRS -> reads[i] = X; writes[i] = Y
            /* The first can do without: x and y could be exchanged. */
            :: i != 0 && (i % 2 == 0 || i / 2 < PAIRS) -> reads[i] = Y; writes[i] = X
            :: i % 2 == 0 || i / 2 < PAIRS -> reads[i] = X; writes[i] = X
            :: i % 2 == 0 || i / 2 < PAIRS -> writes[i] = X
            fi;
            i++
        :: else -> break
        od;
        i = 0;
        do
        :: i < LEADERS ->
            run Leader(i);
            i++
        :: else -> break
        od
    }
}
