// Scores of one tile of keys, through local memory.
#define TILE 16

__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void scores(
    __global const float *q, __global const float *k, __global float *out, int n)
{
    __local float held[TILE * 64];
    const int lane = get_local_id(0), row = get_group_id(0);
    for (int i = 0; i < TILE; i++)
        held[i * 64 + lane] = k[(row * TILE + i) * 64 + lane];
    barrier(CLK_LOCAL_MEM_FENCE);
    float sum = 0.0f;
    for (int i = 0; i < TILE; i++)
        sum += held[i * 64 + ((lane + i) & 63)] * q[row * 64 + lane];
    if (lane < n)
        out[row * 64 + lane] = exp2(sum);
}
