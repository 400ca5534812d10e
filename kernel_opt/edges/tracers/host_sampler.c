/* Loaded into a program by LD_PRELOAD: times every kernel launch and samples the program counter inside launches.
 *
 * A program launches a kernel through host_trace_launch when it finds that symbol, and calls the kernel itself when not.
 * A launch is as long as the CPU time that the whole process used meanwhile: work that the kernel hands to threads of
 * its own is the kernel's work all the same. It is named as its symbol is, where it has one, whatever the program says.
 *
 * At exit one text file <pid>.raw is written into HOST_TRACER_OUT: M lines (mappings), L lines (launches), S lines
 * (samples). A program without launches leaves nothing. host_wrap.py makes rocprofv3's tables of it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

/* Address space only: pages are taken when written. An hour of launches of 100 us, and of samples at 1 kHz. */
#define MAX_LAUNCHES (1u << 22)
#define MAX_SAMPLES (1u << 22)
#define MAX_NAMES 1024

typedef struct {
    uint64_t start_ns, cpu_ns;
    uint32_t name, tid, grid[3], group[3];
} launch_t;

typedef struct {
    uint64_t at_ns, pc;
    uint32_t dispatch;
} sample_t;

static launch_t *launches;
static sample_t *samples;
static char *names[MAX_NAMES];
static atomic_uint num_launches, num_samples;
static uint32_t num_names;
static pthread_mutex_t names_lock = PTHREAD_MUTEX_INITIALIZER;
/* Read by the signal handler, so it must never be allocated lazily. */
static __thread __attribute__((tls_model("initial-exec"))) volatile uint32_t current_dispatch;
static __thread __attribute__((tls_model("initial-exec"))) int has_timer;

static uint64_t read_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void *reserve(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        perror("host tracer: cannot reserve memory for the trace");
        _exit(70);
    }
    return memory;
}

static void take_sample(int number, siginfo_t *about, void *context)
{
    (void)number;
    (void)about;
    if (current_dispatch == 0)
        return;
    uint32_t i = atomic_fetch_add(&num_samples, 1);
    if (i >= MAX_SAMPLES)
        return;
    const ucontext_t *user = context;
#if defined(__x86_64__)
    samples[i].pc = (uint64_t)user->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    samples[i].pc = user->uc_mcontext.pc;
#else
#error "the host tracer knows x86-64 and aarch64"
#endif
    samples[i].at_ns = read_ns(CLOCK_BOOTTIME);
    samples[i].dispatch = current_dispatch;
}

static long period_ns(void)
{
    const char *text = getenv("HOST_TRACER_PERIOD_US");
    return text ? atol(text) * 1000 : 0;
}

/* The timer runs on between launches: armed at each launch it would never look at the first period of one. */
static void start_timer(void)
{
    has_timer = 1;
    long period = period_ns();
    if (period <= 0)
        return;
    struct sigaction action = {.sa_sigaction = take_sample, .sa_flags = SA_SIGINFO | SA_RESTART};
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGPROF};
    event.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
    struct itimerspec every = {{0, period}, {0, period}};
    timer_t timer;
    if (sigaction(SIGPROF, &action, NULL) || timer_create(CLOCK_MONOTONIC, &event, &timer) || timer_settime(timer, 0, &every, NULL))
        perror("host tracer: cannot start the sampling timer");
}

static uint32_t find_name(const char *name)
{
    pthread_mutex_lock(&names_lock);
    uint32_t i = 0;
    while (i < num_names && strcmp(names[i], name))
        i++;
    if (i == num_names && num_names < MAX_NAMES)
        names[num_names++] = strdup(name);
    pthread_mutex_unlock(&names_lock);
    return i < MAX_NAMES ? i : MAX_NAMES - 1;
}

void host_trace_launch(void (*kernel)(const void *), const void *args, const char *name, uint32_t grid_x,
                       uint32_t grid_y, uint32_t grid_z, uint32_t group_x, uint32_t group_y, uint32_t group_z)
{
    Dl_info symbol;
    if (dladdr((void *)kernel, &symbol) && symbol.dli_sname && symbol.dli_saddr == (void *)kernel)
        name = symbol.dli_sname;
    uint32_t i = atomic_fetch_add(&num_launches, 1);
    if (!launches || i >= MAX_LAUNCHES) {
        kernel(args);
        return;
    }
    if (!has_timer)
        start_timer();
    launch_t *launch = &launches[i];
    *launch = (launch_t){.name = find_name(name), .tid = (uint32_t)syscall(SYS_gettid)};
    launch->grid[0] = grid_x, launch->grid[1] = grid_y, launch->grid[2] = grid_z;
    launch->group[0] = group_x, launch->group[1] = group_y, launch->group[2] = group_z;
    launch->start_ns = read_ns(CLOCK_BOOTTIME);
    uint64_t begin = read_ns(CLOCK_PROCESS_CPUTIME_ID);
    /* Samples are the kernel's alone: none of the clock reads around it. */
    current_dispatch = i + 1;
    kernel(args);
    current_dispatch = 0;
    launch->cpu_ns = read_ns(CLOCK_PROCESS_CPUTIME_ID) - begin;
}

static void write_mappings(FILE *file)
{
    char line[4352];
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && fgets(line, sizeof line, maps))
        if (strstr(line, " r-xp ") && (strchr(line, '/') || strstr(line, "[vdso]")))
            fprintf(file, "M %s", line);
    if (maps)
        fclose(maps);
}

/* The launches of a forked child are its own, not a second copy of its parent's. */
static void forget(void)
{
    atomic_store(&num_launches, 0);
    atomic_store(&num_samples, 0);
    has_timer = 0;
    current_dispatch = 0;
}

__attribute__((constructor)) static void prepare(void)
{
    launches = reserve(sizeof(launch_t) * MAX_LAUNCHES);
    samples = reserve(sizeof(sample_t) * MAX_SAMPLES);
    pthread_atfork(NULL, NULL, forget);
}

__attribute__((destructor)) static void write_raw(void)
{
    char path[4096];
    const char *out = getenv("HOST_TRACER_OUT");
    uint32_t launched = atomic_load(&num_launches), sampled = atomic_load(&num_samples);
    if (!out || launched == 0)
        return;
    signal(SIGPROF, SIG_IGN);
    snprintf(path, sizeof path, "%s/%d.raw", out, (int)getpid());
    FILE *file = fopen(path, "w");
    if (!file) {
        perror("host tracer: cannot write the trace");
        return;
    }
    write_mappings(file);
    for (uint32_t i = 0; i < launched && i < MAX_LAUNCHES; i++) {
        const launch_t *l = &launches[i];
        fprintf(file, "L %u %" PRIu64 " %" PRIu64 " %u %u %u %u %u %u %s\n", l->tid, l->start_ns, l->cpu_ns, l->grid[0],
                l->grid[1], l->grid[2], l->group[0], l->group[1], l->group[2], names[l->name]);
    }
    for (uint32_t i = 0; i < sampled && i < MAX_SAMPLES; i++)
        fprintf(file, "S %" PRIu64 " %" PRIx64 " %u\n", samples[i].at_ns, samples[i].pc, samples[i].dispatch);
    if (launched > MAX_LAUNCHES || sampled > MAX_SAMPLES)
        fprintf(file, "T %u %u\n", launched, sampled);
    fclose(file);
}
