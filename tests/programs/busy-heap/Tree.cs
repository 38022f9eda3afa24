namespace LazyRestore.BusyHeap;

/// <summary>A tree that knows what the sum of its values is to be.</summary>
internal sealed class Tree
{
    private readonly int _value;
    private readonly string _text;
    private readonly Tree? _left;
    private readonly Tree? _right;
    private readonly long _sum;

    internal Tree(int depth, int value)
    {
        _value = value;
        _text = value.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (depth > 0)
        {
            _left = new Tree(depth - 1, (value * 31) + 1);
            _right = new Tree(depth - 1, (value * 17) + 3);
        }

        _sum = Sum();
    }

    /// <summary>Whether it is as it was made.</summary>
    internal bool IsWhole() =>
        Sum() == _sum && _text == _value.ToString(System.Globalization.CultureInfo.InvariantCulture) && _left?.IsWhole() is not false && _right?.IsWhole() is not false;

    private long Sum() => _value + (_left?._sum ?? 0) + (_right?._sum ?? 0);
}
