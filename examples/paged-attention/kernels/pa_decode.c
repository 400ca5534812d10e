/* Split-KV paged-attention decode: pa_main works on one split of the context, pa_reduce joins the splits.
 *
 * Query i of a sequence sees the first context_len - (query_len - 1 - i) tokens.
 */
#include <float.h>
#include <math.h>

#include "pa_args.h"

#define MAX_SPLIT_TOKENS 4096

static inline float load_k(const pa_args *a, int seq, int kv_head, int token, int dim)
{
    long block = a->block_table[seq * a->max_blocks + token / a->block_size];
    long row = (block * a->num_kv_heads + kv_head) * (a->head_size / 4) + dim / 4;
    return a->k[(row * a->block_size + token % a->block_size) * 4 + dim % 4];
}

static inline float load_v(const pa_args *a, int seq, int kv_head, int token, int dim)
{
    long block = a->block_table[seq * a->max_blocks + token / a->block_size];
    long row = (block * a->num_kv_heads + kv_head) * a->head_size + dim;
    return a->v[row * a->block_size + token % a->block_size];
}

/* One work-group: one query row, one split. */
static void main_group(const pa_args *a, int seq, int query, int head, int split)
{
    static float p[MAX_SPLIT_TOKENS];
    int kv_head = head / (a->num_heads / a->num_kv_heads);
    int row = (seq * a->query_len + query) * a->num_heads + head;
    const float *q = a->q + (long)row * a->head_size;
    int first = split * a->split_tokens;
    int last = first + a->split_tokens;
    int visible = a->context_len[seq] - (a->query_len - 1 - query);
    if (last > visible)
        last = visible;

    float top = -FLT_MAX;
    for (int t = first; t < last; t++) {
        float score = 0;
        for (int d = 0; d < a->head_size; d++)
            score += q[d] * load_k(a, seq, kv_head, t, d);
        p[t - first] = score * a->scale;
        top = fmaxf(top, p[t - first]);
    }
    float sum = 0;
    for (int t = first; t < last; t++) {
        p[t - first] = expf(p[t - first] - top);
        sum += p[t - first];
    }
    long part = (long)row * a->num_splits + split;
    a->part_max[part] = top;
    a->part_sum[part] = sum;
    for (int d = 0; d < a->head_size; d++) {
        float acc = 0;
        for (int t = first; t < last; t++)
            acc += p[t - first] * load_v(a, seq, kv_head, t, d);
        a->part_out[part * a->head_size + d] = acc;
    }
}

void pa_main(const pa_args *a)
{
    for (int seq = 0; seq < a->num_seqs; seq++)
        for (int query = 0; query < a->query_len; query++)
            for (int head = 0; head < a->num_heads; head++)
                for (int split = 0; split < a->num_splits; split++)
                    main_group(a, seq, query, head, split);
}

void pa_reduce(const pa_args *a)
{
    int rows = a->num_seqs * a->query_len * a->num_heads;
    for (int row = 0; row < rows; row++) {
        const float *top = a->part_max + (long)row * a->num_splits;
        const float *sum = a->part_sum + (long)row * a->num_splits;
        const float *part = a->part_out + (long)row * a->num_splits * a->head_size;
        float all_top = -FLT_MAX, all_sum = 0;
        for (int s = 0; s < a->num_splits; s++)
            all_top = fmaxf(all_top, top[s]);
        for (int s = 0; s < a->num_splits; s++)
            all_sum += sum[s] * expf(top[s] - all_top);
        for (int d = 0; d < a->head_size; d++) {
            float acc = 0;
            for (int s = 0; s < a->num_splits; s++)
                acc += part[s * a->head_size + d] * expf(top[s] - all_top);
            a->out[(long)row * a->head_size + d] = acc / all_sum;
        }
    }
}
