/* The control: a plain kernel that nobody tunes. Its time tells a machine that changed from a kernel that changed. */
#include <float.h>
#include <math.h>

typedef struct {
    const float *q, *k, *v;
    const int *block_table, *context_len;
    float *out;
    int num_seqs, query_len, num_heads, num_kv_heads, head_size, block_size, max_blocks;
    float scale;
} control_args;

static void attend(const control_args *a, int seq, int query, int head)
{
    static float p[8192];
    int hs = a->head_size, bs = a->block_size;
    int kv_head = head / (a->num_heads / a->num_kv_heads);
    long row = ((long)seq * a->query_len + query) * a->num_heads + head;
    int visible = a->context_len[seq] - (a->query_len - 1 - query);
    const float *q = a->q + row * hs;
    float *out = a->out + row * hs;
    float top = -FLT_MAX, sum = 0;
    for (int first = 0, b = 0; first < visible; first += bs, b++) {
        long page = (long)a->block_table[seq * a->max_blocks + b] * a->num_kv_heads + kv_head;
        const float *k = a->k + page * hs * bs;
        int count = visible - first < bs ? visible - first : bs;
        for (int t = 0; t < count; t++)
            p[first + t] = 0;
        for (int d = 0; d < hs; d += 4, k += 4 * bs)
            for (int t = 0; t < count; t++)
                p[first + t] += q[d] * k[4 * t] + q[d + 1] * k[4 * t + 1] + q[d + 2] * k[4 * t + 2] + q[d + 3] * k[4 * t + 3];
    }
    for (int t = 0; t < visible; t++)
        top = fmaxf(top, p[t] *= a->scale);
    for (int t = 0; t < visible; t++)
        sum += p[t] = expf(p[t] - top);
    for (int d = 0; d < hs; d++)
        out[d] = 0;
    for (int first = 0, b = 0; first < visible; first += bs, b++) {
        long page = (long)a->block_table[seq * a->max_blocks + b] * a->num_kv_heads + kv_head;
        const float *v = a->v + page * hs * bs;
        int count = visible - first < bs ? visible - first : bs;
        for (int d = 0; d < hs; d++, v += bs) {
            float acc = 0;
            for (int t = 0; t < count; t++)
                acc += p[first + t] * v[t];
            out[d] += acc;
        }
    }
    for (int d = 0; d < hs; d++)
        out[d] /= sum;
}

void gluon_pa_decode(const control_args *a)
{
    for (int seq = 0; seq < a->num_seqs; seq++)
        for (int query = 0; query < a->query_len; query++)
            for (int head = 0; head < a->num_heads; head++)
                attend(a, seq, query, head);
}
