/* SPDX-License-Identifier: MIT */
#include "core/session/executor.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

struct executor {
    const struct plugin *plugin;
    pthread_mutex_t lock; /* over all below */
    pthread_cond_t work;  /* a job came, or the end */
    struct job *first;
    struct job *last;
    size_t queued;
    size_t idle; /* threads waiting for work */
    size_t n_threads;
    size_t max_threads;
    bool ending;
    pthread_t threads[];
};

persist_status executor_new(const struct plugin *plugin, size_t max_threads, struct executor **out,
                            persist_error *error)
{
    assert(max_threads > 0);
    struct executor *executor =
        calloc(1, sizeof *executor + max_threads * sizeof executor->threads[0]);
    if (!executor)
        return error_no_memory(error);
    executor->plugin = plugin;
    executor->max_threads = max_threads;
    pthread_mutex_init(&executor->lock, NULL);
    pthread_cond_init(&executor->work, NULL);
    *out = executor;
    return PERSIST_OK;
}

/* The next job, waiting for one under the lock; NULL at the end. */
static struct job *take(struct executor *executor)
{
    executor->idle++;
    while (!executor->first && !executor->ending)
        pthread_cond_wait(&executor->work, &executor->lock);
    executor->idle--;
    struct job *job = executor->first;
    if (!job)
        return NULL;
    executor->first = job->next;
    if (!executor->first)
        executor->last = NULL;
    executor->queued--;
    return job;
}

static void *work(void *context)
{
    struct executor *executor = context;
    const persist_life *life = executor->plugin ? &executor->plugin->life : NULL;
    bool entered = !life || !life->thread_enter || life->thread_enter() == PERSIST_OK;
    struct job *job;
    pthread_mutex_lock(&executor->lock);
    while ((job = take(executor))) {
        pthread_mutex_unlock(&executor->lock);
        job->run(job);
        pthread_mutex_lock(&executor->lock);
    }
    pthread_mutex_unlock(&executor->lock);
    if (entered && life && life->thread_leave)
        life->thread_leave();
    return NULL;
}

/* Makes one more thread, under the lock. Signals are for the program's own threads. */
static bool add_thread(struct executor *executor)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool made = pthread_create(&executor->threads[executor->n_threads], NULL, work, executor) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    executor->n_threads += made;
    return made;
}

bool executor_submit(struct executor *executor, struct job *job)
{
    pthread_mutex_lock(&executor->lock);
    bool more = executor->queued >= executor->idle && executor->n_threads < executor->max_threads;
    bool taken = (more && add_thread(executor)) || executor->n_threads;
    if (taken) {
        job->next = NULL;
        if (executor->last)
            executor->last->next = job;
        else
            executor->first = job;
        executor->last = job;
        executor->queued++;
        pthread_cond_signal(&executor->work);
    }
    pthread_mutex_unlock(&executor->lock);
    return taken;
}

void executor_free(struct executor *executor)
{
    if (!executor)
        return;
    pthread_mutex_lock(&executor->lock);
    executor->ending = true;
    pthread_cond_broadcast(&executor->work);
    size_t n = executor->n_threads;
    pthread_mutex_unlock(&executor->lock);
    for (size_t i = 0; i < n; i++)
        pthread_join(executor->threads[i], NULL);
    assert(!executor->first);
    pthread_cond_destroy(&executor->work);
    pthread_mutex_destroy(&executor->lock);
    free(executor);
}

void executor_abandon(struct executor *executor)
{
    free(executor);
}
