/* What every kernel is given; kernels/pa_decode.py has the same fields in the same order. */
#ifndef PA_ARGS_H
#define PA_ARGS_H

typedef struct {
    const float *q;         /* [seq][query][head][dim] */
    const float *k;         /* [block][kv_head][dim / 4][token][4] */
    const float *v;         /* [block][kv_head][dim][token] */
    const int *block_table; /* [seq][max_blocks] */
    const int *context_len; /* [seq] */
    float *part_out;        /* [seq][query][head][split][dim] */
    float *part_max;        /* [seq][query][head][split] */
    float *part_sum;        /* [seq][query][head][split] */
    float *out;             /* [seq][query][head][dim] */
    int num_seqs;
    int query_len;
    int num_heads;
    int num_kv_heads;
    int head_size;
    int block_size;
    int max_blocks;
    int num_splits;
    int split_tokens;
    float scale;
} pa_args;

#endif
