/* SPDX-License-Identifier: MIT */
/*
 * Power cuts: the store lies on an ext4 of its own, in an image, which is shut down without
 * writing its log; what was not synced is gone, as after a cut. The file system is mounted
 * in a mount namespace of the test's own and goes with it.
 */
#include "tests/crash/load.h"

#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH. */
#define SHUTDOWN _IOR('X', 125, uint32_t)
#define SHUTDOWN_NO_LOG 2u

static char mount_point[128], image[128], store_path[160];

static bool run(const char *format, ...)
{
    char command[512];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    return system(command) == 0;
}

static bool skip(const char *why)
{
    printf("skipped: %s\n", why);
    fflush(stdout);
    return false;
}

static bool mount_image(void)
{
    return run("mount -o loop %s %s 2>&1", image, mount_point);
}

static bool prepare(void)
{
    snprintf(mount_point, sizeof mount_point, "%s/mount", fixture_folder());
    snprintf(image, sizeof image, "%s/image", fixture_folder());
    snprintf(store_path, sizeof store_path, "%s/store.db", mount_point);
    if (geteuid() != 0)
        return skip("only root can mount a file system and cut its power");
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return skip("no mount namespace of its own, and so no file system to cut the power of");
    ck_assert_int_eq(mkdir(mount_point, 0700), 0);
    if (!run("truncate -s 96M %s && mkfs.ext4 -q -F %s >/dev/null 2>&1", image, image))
        return skip("mkfs.ext4 is not installed: install e2fsprogs");
    if (!mount_image())
        return skip("an image cannot be mounted here");
    return true;
}

/* The load is stopped first: a sync that runs while the file system is shut down may
 * still answer that all went well, and nobody must pass that on. */
static void cut(struct load *load)
{
    uint32_t how = SHUTDOWN_NO_LOG;
    int state, fd = open(mount_point, O_RDONLY | O_DIRECTORY);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(kill(load->child, SIGSTOP), 0);
    ck_assert_int_eq(waitpid(load->child, &state, WUNTRACED), load->child);
    ck_assert(WIFSTOPPED(state));
    ck_assert_int_eq(ioctl(fd, SHUTDOWN, &how), 0);
    close(fd);
    load_kill(load);
    ck_assert(run("umount %s", mount_point));
    ck_assert(mount_image());
}

/* How many acknowledged commits so many cuts took. */
static int64_t cut_often(const char *durability, int cuts, bool all)
{
    static const char *const checkpoints[] = {"10000", "20"};
    unsigned seed = proof_seed();
    int64_t lost = 0;
    struct load load = {.path = store_path, .durability = durability};
    for (int i = 0; i < cuts; i++) {
        load.autocheckpoint = checkpoints[rand_r(&seed) % 2];
        load_start(&load);
        ck_assert(load_await(&load));
        usleep((useconds_t)(100000 + rand_r(&seed) % 200000));
        cut(&load);
        lost += load_check(&load, all);
    }
    ck_assert(run("umount %s", mount_point));
    return lost;
}

START_TEST(power_keeps_what_was_acknowledged)
{
    if (prepare())
        ck_assert_int_eq(cut_often("power", proof_amount(2, 20), true), 0);
}
END_TEST

/* Under `process` the newest commits may go, but in order and whole; if none ever did,
 * nothing was cut. */
START_TEST(process_keeps_a_beginning)
{
    if (!prepare())
        return;
    int64_t lost = cut_often("process", proof_amount(1, 20), false);
    printf("%lld acknowledged commits lost under process\n", (long long)lost);
    if (fixture_scale() >= PROOF_SOAK)
        ck_assert_int_gt(lost, 0);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_test(tcase, power_keeps_what_was_acknowledged);
    tcase_add_test(tcase, process_keeps_a_beginning);
}

int main(void)
{
    return proof_main("power", add);
}
