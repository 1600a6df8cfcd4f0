package interop;

import static interop.ClientCases.bytes;
import static interop.Stage.eventually;
import static interop.Stage.same;
import static interop.Stage.that;

import interop.WatchCases.Ear;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.nodes.PersistentNode;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooKeeper;

/** Sessions: cut off, come back to, taken over, expired. */
final class SessionCases {
  /** Short enough to wait for its end, and long enough for a server that is held up; milliseconds. */
  private static final int BRIEF_MS = 3_000;

  static void addTo(Cases cases) {
    grants(cases);
    cutOff(cases);
    expiry(cases);
    recovery(cases);
  }

  private static void grants(Cases cases) {
    cases.add("session: time-outs are granted within the limits of the server", stage -> {
      // Java's client gives a server two thirds of what it asks for to answer, a slow disk's write included.
      same(1_000, stage.closing(Stage.connected(stage.address, 600)).getSessionTimeout());
      same(3_000, stage.closing(Stage.connected(stage.address, 3_000)).getSessionTimeout());
      same(10_000, stage.closing(Stage.connected(stage.address, 900_000)).getSessionTimeout());
    });
    cases.add("session: its ephemerals go as soon as it is closed", stage -> {
      ZooKeeper zk = stage.client();
      ZooKeeper other = stage.client();
      other.create("/e", null, Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
      same(other.getSessionId(), zk.exists("/e", false).getEphemeralOwner());
      other.close();
      same(null, zk.exists("/e", false));
    });
    cases.add("session: another client comes back to it with id and password", stage -> {
      ZooKeeper first = stage.client();
      first.create("/e", null, Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
      ZooKeeper second = stage.closing(new ZooKeeper(
          stage.address + stage.root, Stage.SESSION_MS, event -> {}, first.getSessionId(), first.getSessionPasswd()));
      eventually("it is connected", () -> second.getState().isConnected());
      same(first.getSessionId(), second.getSessionId());
      eventually("its ephemeral is there", () -> second.exists("/e", false) != null);
    });
    cases.add("session: with a wrong password it is not to be had", stage -> {
      ZooKeeper first = stage.client();
      List<KeeperState> states = new CopyOnWriteArrayList<>();
      stage.closing(new ZooKeeper(stage.address, Stage.SESSION_MS, event -> states.add(event.getState()),
          first.getSessionId(), new byte[16]));
      eventually("it is expired for the thief", () -> states.contains(KeeperState.Expired));
      eventually("it goes on for its owner", () -> first.exists("/", false) != null);
    });
  }

  private static void cutOff(Cases cases) {
    cases.add("session: survives a lost connection, with its ephemerals", stage -> {
      Relay relay = stage.closing(new Relay(stage.address));
      CuratorFramework curator = stage.curatorAt(relay.address(), Stage.SESSION_MS);
      List<ConnectionState> states = new CopyOnWriteArrayList<>();
      curator.getConnectionStateListenable().addListener((client, state) -> states.add(state));
      curator.create().withMode(CreateMode.EPHEMERAL).forPath("/e");
      long id = curator.getZookeeperClient().getZooKeeper().getSessionId();
      relay.cut();
      eventually("it is suspended", () -> states.contains(ConnectionState.SUSPENDED));
      relay.restore();
      eventually("it is reconnected", () -> states.contains(ConnectionState.RECONNECTED));
      that("it was not lost: " + states, !states.contains(ConnectionState.LOST));
      same(id, curator.checkExists().forPath("/e").getEphemeralOwner());
    });
    cases.add("session: changes missed while cut off are told after, once", stage -> {
      Relay relay = stage.closing(new Relay(stage.address));
      ZooKeeper zk = stage.closing(Stage.connected(relay.address() + stage.root, Stage.SESSION_MS));
      ZooKeeper other = stage.client();
      for (String path : List.of("/changed", "/deleted", "/parent", "/same")) {
        other.create(path, null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
      }
      Ear ear = new Ear();
      zk.getData("/changed", ear, null);
      zk.getData("/deleted", ear, null);
      zk.getData("/same", ear, null);
      zk.getChildren("/parent", ear);
      zk.exists("/created", ear);
      relay.cut();
      eventually("it is cut off", () -> !zk.getState().isConnected());
      other.setData("/changed", bytes("x"), -1);
      other.delete("/deleted", -1);
      other.create("/parent/child", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
      other.create("/created", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
      relay.restore();
      eventually("four events are heard", () -> ear.heard.size() >= 4);
      same(List.of("NodeChildrenChanged /parent", "NodeCreated /created", "NodeDataChanged /changed",
          "NodeDeleted /deleted"), ear.heard.stream().sorted().toList());
      other.setData("/same", bytes("x"), -1);
      eventually("the watch that had nothing to tell still stands", () -> ear.heard.contains("NodeDataChanged /same"));
    });
    cases.add("session: persistent watches stand again after a lost connection", stage -> {
      Relay relay = stage.closing(new Relay(stage.address));
      ZooKeeper zk = stage.closing(Stage.connected(relay.address() + stage.root, Stage.SESSION_MS));
      ZooKeeper other = stage.client();
      Ear ear = new Ear();
      zk.addWatch("/", ear, AddWatchMode.PERSISTENT_RECURSIVE);
      relay.cut();
      eventually("it is cut off", () -> !zk.getState().isConnected());
      relay.restore();
      eventually("it is connected", () -> zk.exists("/", false) != null);
      other.create("/a", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
      ear.hears("NodeCreated /a");
    });
  }

  private static void expiry(Cases cases) {
    cases.add("session: cut off for longer than its time-out it expires, and its ephemerals go", stage -> {
      Relay relay = stage.closing(new Relay(stage.address));
      List<KeeperState> states = new CopyOnWriteArrayList<>();
      ZooKeeper zk = stage.closing(
          new ZooKeeper(relay.address() + stage.root, BRIEF_MS, event -> states.add(event.getState())));
      eventually("it is connected", () -> zk.getState().isConnected());
      zk.create("/e", null, Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
      ZooKeeper other = stage.client();
      relay.cut();
      eventually("its ephemeral is gone", () -> other.exists("/e", false) == null);
      relay.restore();
      eventually("it hears so", () -> states.contains(KeeperState.Expired));
      Stage.fails(KeeperException.Code.SESSIONEXPIRED, () -> zk.exists("/", false));
    });
    cases.add("session: closed by another client it is expired, and Curator opens a new one", stage -> {
      CuratorFramework curator = stage.curator();
      List<ConnectionState> states = new CopyOnWriteArrayList<>();
      curator.getConnectionStateListenable().addListener((client, state) -> states.add(state));
      ZooKeeper before = curator.getZookeeperClient().getZooKeeper();
      stage.expire(before);
      eventually("a new session is there", () -> states.contains(ConnectionState.RECONNECTED));
      that("the old one was lost: " + states, states.contains(ConnectionState.LOST));
      that("the new one is another",
          curator.getZookeeperClient().getZooKeeper().getSessionId() != before.getSessionId());
    });
  }

  private static void recovery(Cases cases) {
    cases.add("LeaderLatch: leadership moves on when the leader is cut off for too long", stage -> {
      Relay relay = stage.closing(new Relay(stage.address));
      LeaderLatch first = stage.closing(new LeaderLatch(stage.curatorAt(relay.address(), BRIEF_MS), "/latch", "first"));
      first.start();
      eventually("the first leads", first::hasLeadership);
      LeaderLatch second = stage.closing(new LeaderLatch(stage.curator(), "/latch", "second"));
      second.start();
      eventually("both take part", () -> second.getParticipants().size() == 2);
      relay.cut();
      eventually("the second leads", second::hasLeadership);
      that("the first has stopped", !first.hasLeadership());
      relay.restore();
      eventually("the first takes part again", () -> second.getParticipants().size() == 2);
      same("second", second.getLeader().getId());
    });
    cases.add("InterProcessMutex: the lock of a session that has expired is free", stage -> {
      CuratorFramework holder = stage.curator();
      InterProcessMutex held = new InterProcessMutex(holder, "/lock");
      held.acquire();
      InterProcessMutex next = new InterProcessMutex(stage.curator(), "/lock");
      stage.expire(holder.getZookeeperClient().getZooKeeper());
      that("the next has it", next.acquire(20, TimeUnit.SECONDS));
      next.release();
    });
    cases.add("PersistentNode: is there again after its session has expired", stage -> {
      CuratorFramework curator = stage.curator();
      PersistentNode node =
          stage.closing(new PersistentNode(curator, CreateMode.EPHEMERAL, false, "/node", bytes("data")));
      node.start();
      node.waitForInitialCreate(20, TimeUnit.SECONDS);
      ZooKeeper zk = stage.client();
      long owner = zk.exists("/node", false).getEphemeralOwner();
      stage.expire(curator.getZookeeperClient().getZooKeeper());
      eventually("another session owns it", () -> zk.exists("/node", false) != null
          && zk.exists("/node", false).getEphemeralOwner() != owner);
    });
  }
}
