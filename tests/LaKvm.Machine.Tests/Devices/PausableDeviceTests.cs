using System.Reflection;
using LaKvm.Devices;

namespace LaKvm.Machine.Tests;

/// <summary>Whatever does something by itself can be made to rest, or a paused machine would go on.</summary>
public class PausableDeviceTests
{
    private static readonly Type[] Movers = [typeof(Thread), typeof(ITimer), typeof(Timer), typeof(PeriodicTimer)];

    private static readonly Type[] Classes =
        [.. typeof(IBusDevice).Assembly.GetTypes().Where(type => type.IsClass && !type.IsAbstract)];

    private static readonly HashSet<Type> Moving = FindMoving();

    [Fact]
    public void Device_with_a_thread_or_timer_can_be_paused()
    {
        Type[] devices = [.. Classes.Where(type => IsDevice(type) && MovesOrHoldsWhatMoves(type))];

        devices.Should().Contain([typeof(Ls7aRtc), typeof(VirtioMmio), typeof(VirtioPci)]);
        devices.Where(device => !IsPausable(device)).Should().BeEmpty();
    }

    [Fact]
    public void Part_with_a_thread_or_timer_belongs_to_one_that_can_be_paused() =>
        Moving.Intersect(Classes).Where(part => !IsPausable(part) && !Classes.Any(c => IsPausable(c) && Holds(c, part)))
            .Should().BeEmpty();

    /// <summary>Whether it is on a bus by itself, not a part of another device.</summary>
    private static bool IsDevice(Type type) =>
        IsOnBus(type) && !Classes.Any(other => other != type && IsOnBus(other) && Holds(other, type));

    private static bool IsOnBus(Type type) =>
        type.IsAssignableTo(typeof(IBusDevice)) || type.IsAssignableTo(typeof(PciFunction));

    private static bool IsPausable(Type type) => type.IsAssignableTo(typeof(IPausable));

    private static bool MovesOrHoldsWhatMoves(Type type) =>
        Moving.Contains(type) || FieldTypes(type).Any(Moving.Contains);

    /// <summary>Classes with a thread or timer in a field, or with a part that has one and cannot be paused.</summary>
    private static HashSet<Type> FindMoving()
    {
        var moving = new HashSet<Type>(Movers);
        while (Classes.FirstOrDefault(type => !moving.Contains(type)
            && FieldTypes(type).Any(field => moving.Contains(field) && !IsPausable(field))) is { } next)
        {
            moving.Add(next);
        }

        return moving;
    }

    private static bool Holds(Type holder, Type part) => FieldTypes(holder).Contains(part);

    private static IEnumerable<Type> FieldTypes(Type type)
    {
        const BindingFlags all = BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public
            | BindingFlags.DeclaredOnly;
        for (Type? declaring = type; declaring != null; declaring = declaring.BaseType)
        {
            foreach (FieldInfo field in declaring.GetFields(all))
            {
                yield return field.FieldType;
            }
        }
    }
}
