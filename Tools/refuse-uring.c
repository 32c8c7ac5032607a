// refuse-uring: runs a program in a world without io_uring, as container runtimes make it.
//
//     refuse-uring EPERM|ENOSYS COMMAND [ARGUMENT...]
//
// Docker's and systemd's system call filters answer io_uring_setup with EPERM; a kernel built without
// it, or gVisor, answers ENOSYS. The server must say so and leave with 78 (EX_CONFIG). A filter needs
// no privilege once NO_NEW_PRIVS is set (seccomp(2)), so this runs for any user, without libseccomp.

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

// The same numbers on every architecture since Linux 5.1.
enum { IO_URING_SETUP = 425, IO_URING_ENTER = 426, IO_URING_REGISTER = 427 };

int main(int argc, char **argv) {
    unsigned answer = 0;
    if (argc > 2 && strcmp(argv[1], "EPERM") == 0) answer = EPERM;
    if (argc > 2 && strcmp(argv[1], "ENOSYS") == 0) answer = ENOSYS;
    if (answer == 0) {
        fprintf(stderr, "usage: refuse-uring EPERM|ENOSYS COMMAND [ARGUMENT...]\n");
        return 64;
    }
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, IO_URING_SETUP, 0, 2),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, IO_URING_REGISTER, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | answer),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof rules / sizeof *rules, .filter = rules};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        perror("refuse-uring: seccomp");
        return 71;
    }
    execvp(argv[2], argv + 2);
    fprintf(stderr, "refuse-uring: %s: %s\n", argv[2], strerror(errno));
    return 127;
}
