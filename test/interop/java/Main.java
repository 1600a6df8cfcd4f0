package interop;

import java.util.List;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooKeeper;

/** Runs the cases of one chapter against servers: {@code Main calm|faults|ensemble|sasl host:port[,host:port...]}. */
public final class Main {
  /** Most cases wait most of the time. */
  private static final int AT_A_TIME = 12;

  public static void main(String[] arguments) throws Exception {
    String address = arguments[1];
    Cases cases = new Cases();
    List<String> places = List.of(address);
    int atATime = 1;
    switch (arguments[0]) {
      case "calm":
        ClientCases.addTo(cases);
        WatchCases.addTo(cases);
        SessionCases.addTo(cases);
        FrameworkCases.addTo(cases);
        ElectionCases.addTo(cases);
        LockCases.addTo(cases);
        CounterCases.addTo(cases);
        QueueCases.addTo(cases);
        CacheCases.addTo(cases);
        NodeCases.addTo(cases);
        // What one client has done another need not see at once at another member.
        places = List.of(address.split(","));
        atATime = AT_A_TIME;
        break;
      case "sasl":
        SaslCases.addTo(cases);
        atATime = AT_A_TIME;
        break;
      case "faults":
        FaultCases.addTo(cases);
        break;
      case "ensemble":
        FaultCases.addTo(cases);
        EnsembleCases.addTo(cases);
        break;
      default:
        throw new IllegalArgumentException("no such chapter: " + arguments[0]);
    }
    ZooKeeper owner = Stage.connected(address, 10_000);
    owner.create(Cases.ROOT, null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
    cases.run(places, atATime);
    System.exit(0);
  }
}
