using System.Runtime.InteropServices;

namespace FlannelPS.Engine.Kernel;

/// <summary>Arrays of C strings, as exec(3) takes them, freed together.</summary>
internal sealed unsafe class TextBlock : IDisposable
{
    private readonly List<nint> _memory = [];

    public byte** Add(IReadOnlyList<string> texts)
    {
        var array = (byte**)NativeMemory.AllocZeroed((nuint)(texts.Count + 1), (nuint)sizeof(byte*));
        _memory.Add((nint)array);
        for (var i = 0; i < texts.Count; i++)
        {
            if (texts[i].Contains('\0'))
                throw new ArgumentException("An argument with a NUL character cannot be handed over.");
            array[i] = (byte*)Marshal.StringToCoTaskMemUTF8(texts[i]);
        }
        return array;
    }

    public void Dispose()
    {
        foreach (var array in _memory)
        {
            for (var text = (byte**)array; *text is not null; text++)
                Marshal.FreeCoTaskMem((nint)(*text));
            NativeMemory.Free((void*)array);
        }
    }
}
