namespace FlannelPS.Engine.DataPath;

/// <summary>Numbers by address: made once, then only asked. Open addressing, at most half full; the value 0 marks a free place.</summary>
internal readonly struct AddressHash
{
    private readonly (UInt128 Key, uint Value)[] _places;
    private readonly int _shift;

    public AddressHash(int count, IEnumerable<(UInt128 Key, uint Value)> entries)
    {
        var bits = Math.Max(1, 33 - int.LeadingZeroCount(Math.Max(1, count)));
        _places = new (UInt128, uint)[1 << bits];
        _shift = 64 - bits;
        foreach (var (key, value) in entries)
        {
            var place = Place(key);
            while (_places[place].Value != 0 && _places[place].Key != key)
                place = (place + 1) & (_places.Length - 1);
            _places[place] = (key, value);
        }
    }

    /// <summary>What stands for an address; 0 for nothing.</summary>
    public uint Find(UInt128 key)
    {
        for (var place = Place(key); ; place = (place + 1) & (_places.Length - 1))
        {
            ref readonly var found = ref _places[place];
            if (found.Value == 0 || found.Key == key)
                return found.Value;
        }
    }

    // Fibonacci hashing: the upper bits of the product, so that networks whose lower bits are all zero spread too.
    private int Place(UInt128 key) => (int)(((ulong)key ^ (ulong)(key >> 64)) * 0x9e3779b97f4a7c15 >> _shift);
}
