// What crosses into libc is blittable: the bytes in memory are the bytes of the C struct, and nothing converts them unseen.
[assembly: System.Runtime.CompilerServices.DisableRuntimeMarshalling]
