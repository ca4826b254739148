// Runs the tests where xUnit is not installed: all facts of this program at once.
using System;
using System.Linq;
using System.Reflection;
using System.Threading.Tasks;

namespace Xunit
{
    [AttributeUsage(AttributeTargets.Method)]
    public sealed class FactAttribute : Attribute
    {
    }

    public static class Assert
    {
        public static void Equal<T>(T expected, T actual)
        {
            if (!Equals(expected, actual))
            {
                throw new Exception("expected " + expected + ", found " + actual);
            }
        }
    }

    static class Program
    {
        static int Main()
        {
            var facts = Assembly.GetExecutingAssembly().GetTypes().SelectMany(type => type.GetMethods())
                .Where(method => method.IsDefined(typeof(FactAttribute), false)).OrderBy(method => method.Name).ToArray();
            var runs = facts.Select(fact => Task.Run(() => (Task)fact.Invoke(Activator.CreateInstance(fact.DeclaringType), null))).ToArray();
            for (var i = 0; i < facts.Length; i++)
            {
                try
                {
                    runs[i].GetAwaiter().GetResult();
                    Console.WriteLine("{0}: ok", facts[i].Name);
                }
                catch (Exception e)
                {
                    Console.WriteLine("{0}: {1}", facts[i].Name, e.Message);
                }
            }
            return facts.Length > 0 && runs.All(run => run.Status == TaskStatus.RanToCompletion) ? 0 : 1;
        }
    }
}
