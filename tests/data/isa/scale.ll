target triple = "amdgcn-amd-amdhsa"
@lds = internal addrspace(3) global [512 x float] undef, align 16
@table = internal addrspace(4) constant [4 x float] [float 1.0, float 2.0, float 3.0, float 4.0]
declare i32 @llvm.amdgcn.workitem.id.x()
declare void @llvm.amdgcn.s.barrier()
define amdgpu_kernel void @scale(ptr addrspace(1) %in, ptr addrspace(1) %out, float %by) #0 {
  %id = call i32 @llvm.amdgcn.workitem.id.x()
  %at = zext i32 %id to i64
  %p = getelementptr float, ptr addrspace(1) %in, i64 %at
  %v = load float, ptr addrspace(1) %p
  %l = getelementptr [512 x float], ptr addrspace(3) @lds, i32 0, i32 %id
  store float %v, ptr addrspace(3) %l
  call void @llvm.amdgcn.s.barrier()
  %o = xor i32 %id, 1
  %m = getelementptr [512 x float], ptr addrspace(3) @lds, i32 0, i32 %o
  %w = load float, ptr addrspace(3) %m
  %and = and i64 %at, 3
  %tp = getelementptr [4 x float], ptr addrspace(4) @table, i64 0, i64 %and
  %t = load float, ptr addrspace(4) %tp
  %x = fmul float %w, %by
  %y = fadd float %x, %t
  %q = getelementptr float, ptr addrspace(1) %out, i64 %at
  store float %y, ptr addrspace(1) %q
  ret void
}
define amdgpu_kernel void @loop(ptr addrspace(1) %out, i32 %n) #1 {
entry:
  %id = call i32 @llvm.amdgcn.workitem.id.x()
  br label %body
body:
  %i = phi i32 [0, %entry], [%i1, %body]
  %s = phi i32 [%id, %entry], [%s1, %body]
  %s1 = mul i32 %s, 7
  %i1 = add i32 %i, 1
  %c = icmp ult i32 %i1, %n
  br i1 %c, label %body, label %done
done:
  store i32 %s1, ptr addrspace(1) %out
  ret void
}
attributes #0 = { "amdgpu-flat-work-group-size"="1,512" }
attributes #1 = { "amdgpu-flat-work-group-size"="64,64" }
