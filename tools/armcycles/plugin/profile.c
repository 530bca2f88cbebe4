// A plugin for QEMU's user emulation of arm64. It counts how often each
// translated block of instructions runs, records short windows of the
// instruction stream at regular intervals, and models two levels of data
// cache. Package main of the parent folder builds and reads it.
//
//   qemu-aarch64 -plugin file=profile.so,out=FILE[,marked=1][,period=N,window=N][,l1=BYTES,l2=BYTES] PROGRAM
//
// marked=1 counts only between the system calls getpgid(0x5EED0001) and
// getpgid(0x5EED0000). About every period instructions of a thread, a window
// of at least window instructions is recorded.
//
// The plugin API is declared here, at version 1, because Debian 12 does not
// package qemu-plugin.h.
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
typedef uint32_t qemu_plugin_meminfo_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
enum qemu_plugin_mem_rw { QEMU_PLUGIN_MEM_R = 1, QEMU_PLUGIN_MEM_W, QEMU_PLUGIN_MEM_RW };

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t,
	void (*)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *,
	void (*)(unsigned, void *), enum qemu_plugin_cb_flags, void *);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *,
	void (*)(unsigned, qemu_plugin_meminfo_t, uint64_t, void *),
	enum qemu_plugin_cb_flags, enum qemu_plugin_mem_rw, void *);
void qemu_plugin_register_vcpu_syscall_cb(qemu_plugin_id_t,
	void (*)(qemu_plugin_id_t, unsigned, int64_t, uint64_t, uint64_t, uint64_t,
		uint64_t, uint64_t, uint64_t, uint64_t, uint64_t));
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, void *), void *);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *);
unsigned qemu_plugin_mem_size_shift(qemu_plugin_meminfo_t);

EXPORT int qemu_plugin_version = 1;

static FILE *out;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; // of out and the blocks
static bool marked;
static int counting = 1;
static uint64_t period, window = 3000; // in instructions; period 0: no windows

static void *allocate(size_t bytes)
{
	void *p = calloc(1, bytes);
	if (!p) {
		perror("profile");
		exit(1);
	}
	return p;
}

// Blocks of instructions, found by address and code: QEMU translates a block
// again after it has dropped its translations.
struct block {
	struct block *next_in_bucket, *next;
	uint64_t address, executions;
	uint32_t id, length;
	uint32_t code[];
};

enum { BUCKETS = 1 << 16, LONGEST = 1024 };
static struct block *buckets[BUCKETS], *blocks;
static uint32_t block_count;

static struct block *intern(uint64_t address, const uint32_t *code, uint32_t length)
{
	size_t bytes = length * sizeof *code;
	struct block **bucket = &buckets[((uint32_t)(address >> 2) * 2654435761u + length) % BUCKETS];
	struct block *b;
	for (b = *bucket; b; b = b->next_in_bucket)
		if (b->address == address && b->length == length && !memcmp(b->code, code, bytes))
			return b;
	b = allocate(sizeof *b + bytes);
	b->address = address;
	b->length = length;
	b->id = block_count++;
	memcpy(b->code, code, bytes);
	b->next_in_bucket = *bucket;
	*bucket = b;
	b->next = blocks;
	return blocks = b;
}

// Windows of the instruction stream, one recording for each thread.
struct thread {
	uint64_t executed, next; // instructions; where the next window begins
	uint64_t random;
	uint64_t recorded; // instructions in the window
	uint32_t *ids;     // its blocks
	size_t length, capacity;
};

enum { THREADS = 512 };
static struct thread threads[THREADS];

// schedule picks a random place for a window within the next period, so that
// windows do not fall into step with the loops of the program.
static void schedule(struct thread *t)
{
	t->random = t->random * 6364136223846793005u + 1442695040888963407u;
	uint64_t begin = t->executed ? (t->executed / period + 1) * period : 0;
	uint64_t room = period > window ? period - window : 1;
	t->next = begin + (t->random >> 33) % room;
}

static void write_window(struct thread *t)
{
	pthread_mutex_lock(&lock);
	fputs("window", out);
	for (size_t i = 0; i < t->length; i++)
		fprintf(out, " %u", t->ids[i]);
	fputc('\n', out);
	pthread_mutex_unlock(&lock);
	t->length = t->recorded = 0;
}

static void record(struct thread *t, const struct block *b)
{
	if (!t->random) {
		t->random = 88172645463325252u + (t - threads);
		schedule(t);
	}
	if (t->executed < t->next)
		return;
	if (t->length == t->capacity) {
		t->capacity = t->capacity ? 2 * t->capacity : 4096;
		t->ids = realloc(t->ids, t->capacity * sizeof *t->ids);
		if (!t->ids) {
			perror("profile");
			exit(1);
		}
	}
	t->ids[t->length++] = b->id;
	t->recorded += b->length;
}

static void on_execution(unsigned cpu, void *data)
{
	if (!__atomic_load_n(&counting, __ATOMIC_RELAXED))
		return;
	struct block *b = data;
	struct thread *t = &threads[cpu % THREADS];
	__atomic_fetch_add(&b->executions, 1, __ATOMIC_RELAXED);
	if (period)
		record(t, b);
	t->executed += b->length;
	if (t->recorded >= window) {
		write_window(t);
		schedule(t);
	}
}

// Two levels of data cache: least recently used, 64-byte lines, allocated on
// reads and writes, no prefetcher. All threads share them, so that the figures
// mean something for one thread only.
enum { LINE = 64, WAYS1 = 4, WAYS2 = 16 };
struct cache {
	uint64_t bytes, *lines; // line number + 1, 0 if empty; the newest of a set first
	unsigned sets, ways;
	uint64_t misses;
};
static struct cache l1 = {.ways = WAYS1}, l2 = {.ways = WAYS2};
static uint64_t accesses;

static bool make_cache(struct cache *c)
{
	c->sets = c->bytes / LINE / c->ways;
	if (!c->sets)
		return false;
	c->lines = allocate((size_t)c->sets * c->ways * sizeof *c->lines);
	return true;
}

static bool hits(struct cache *c, uint64_t line)
{
	uint64_t *set = &c->lines[line % c->sets * c->ways];
	unsigned i = 0;
	while (i < c->ways && set[i] != line + 1)
		i++;
	bool hit = i < c->ways;
	memmove(set + 1, set, (hit ? i : c->ways - 1) * sizeof *set);
	set[0] = line + 1;
	return hit;
}

// on_access also fills the caches before the marked region.
static void on_access(unsigned cpu, qemu_plugin_meminfo_t info, uint64_t address, void *data)
{
	uint64_t last = (address + (1u << qemu_plugin_mem_size_shift(info)) - 1) / LINE;
	accesses += counting;
	for (uint64_t line = address / LINE; line <= last; line++) {
		if (hits(&l1, line))
			continue;
		l1.misses += counting;
		if (!hits(&l2, line))
			l2.misses += counting;
	}
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	uint32_t code[LONGEST];
	size_t n = qemu_plugin_tb_n_insns(tb);
	if (n > LONGEST)
		n = LONGEST;
	for (size_t i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		memcpy(&code[i], qemu_plugin_insn_data(insn), sizeof code[i]);
		if (l1.bytes)
			qemu_plugin_register_vcpu_mem_cb(insn, on_access, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW, NULL);
	}
	pthread_mutex_lock(&lock);
	struct block *b = intern(qemu_plugin_tb_vaddr(tb), code, n);
	pthread_mutex_unlock(&lock);
	qemu_plugin_register_vcpu_tb_exec_cb(tb, on_execution, QEMU_PLUGIN_CB_NO_REGS, b);
}

static void on_syscall(qemu_plugin_id_t id, unsigned cpu, int64_t number, uint64_t argument, uint64_t a2,
	uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8)
{
	enum { GETPGID = 155 }; // on arm64
	if (!marked || number != GETPGID)
		return;
	if ((uint32_t)argument == 0x5EED0001)
		__atomic_store_n(&counting, 1, __ATOMIC_SEQ_CST);
	else if ((uint32_t)argument == 0x5EED0000)
		__atomic_store_n(&counting, 0, __ATOMIC_SEQ_CST);
}

static void on_exit_of_program(qemu_plugin_id_t id, void *data)
{
	counting = 0;
	for (unsigned i = 0; i < THREADS; i++)
		if (threads[i].length)
			write_window(&threads[i]);
	for (struct block *b = blocks; b; b = b->next) {
		if (!b->executions)
			continue;
		fprintf(out, "block %u %llx %llu", b->id, (unsigned long long)b->address, (unsigned long long)b->executions);
		for (uint32_t i = 0; i < b->length; i++)
			fprintf(out, " %08x", b->code[i]);
		fputc('\n', out);
	}
	if (l1.bytes)
		fprintf(out, "cache %llu %llu %llu\n", (unsigned long long)accesses,
			(unsigned long long)l1.misses, (unsigned long long)l2.misses);
	fputs("end\n", out);
	fclose(out);
}

static bool number(const char *argument, const char *key, uint64_t *value)
{
	size_t n = strlen(key);
	if (strncmp(argument, key, n) || argument[n] != '=')
		return false;
	*value = strtoull(argument + n + 1, NULL, 10);
	return true;
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	uint64_t mark = 0;
	const char *path = NULL;
	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			path = argv[i] + 4;
		else if (!number(argv[i], "marked", &mark) && !number(argv[i], "period", &period) &&
			!number(argv[i], "window", &window) && !number(argv[i], "l1", &l1.bytes) &&
			!number(argv[i], "l2", &l2.bytes)) {
			fprintf(stderr, "profile: unknown option %s\n", argv[i]);
			return -1;
		}
	}
	if (!path || !(out = fopen(path, "w"))) {
		perror("profile: option out");
		return -1;
	}
	marked = mark;
	counting = !marked;
	if (l1.bytes && !(make_cache(&l1) && make_cache(&l2))) {
		fputs("profile: caches l1 and l2 are too small\n", stderr);
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	qemu_plugin_register_vcpu_syscall_cb(id, on_syscall);
	qemu_plugin_register_atexit_cb(id, on_exit_of_program, NULL);
	return 0;
}
