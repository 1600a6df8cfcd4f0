package interop;

import static interop.ClientCases.bytes;
import static interop.Stage.eventually;
import static interop.Stage.fails;
import static interop.Stage.same;
import static interop.Stage.that;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.AsyncCallback;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.Watcher.WatcherType;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooKeeper;

/** ZooKeeper's own client: watches of every kind. */
final class WatchCases {
  /** Notes the events it hears, as {@code NodeCreated /path}; changes of the session are not among them. */
  static final class Ear implements Watcher {
    final List<String> heard = new CopyOnWriteArrayList<>();

    @Override
    public void process(WatchedEvent event) {
      if (event.getType() != Event.EventType.None) heard.add(event.getType() + " " + event.getPath());
    }

    void hears(String... events) throws Exception {
      List<String> expected = List.of(events);
      eventually("it hears " + expected, () -> heard.size() >= expected.size());
      same(expected, heard);
    }
  }

  private static void create(ZooKeeper zk, String path) throws Exception {
    zk.create(path, null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
  }

  static void addTo(Cases cases) {
    oneShot(cases);
    persistent(cases);
    removed(cases);
  }

  private static void oneShot(Cases cases) {
    cases.add("watch: exists tells of a creation, once", stage -> {
      ZooKeeper zk = stage.client();
      Ear ear = new Ear();
      zk.exists("/a", ear);
      create(zk, "/a");
      zk.setData("/a", null, -1);
      ear.hears("NodeCreated /a");
    });
    cases.add("watch: on data tells of a change and of a deletion", stage -> {
      ZooKeeper zk = stage.client();
      create(zk, "/a");
      Ear ear = new Ear();
      zk.getData("/a", ear, null);
      zk.setData("/a", bytes("x"), -1);
      ear.hears("NodeDataChanged /a");
      zk.getData("/a", ear, null);
      zk.delete("/a", -1);
      ear.hears("NodeDataChanged /a", "NodeDeleted /a");
    });
    cases.add("watch: on children tells of children, not of data", stage -> {
      ZooKeeper zk = stage.client();
      create(zk, "/a");
      Ear ear = new Ear();
      zk.getChildren("/a", ear);
      zk.setData("/a", bytes("x"), -1);
      create(zk, "/a/b");
      ear.hears("NodeChildrenChanged /a");
    });
    cases.add("watch: one event for two watches of one client on one znode", stage -> {
      ZooKeeper zk = stage.client();
      create(zk, "/a");
      Ear ear = new Ear();
      zk.getData("/a", ear, null);
      zk.exists("/a", ear);
      zk.setData("/a", bytes("x"), -1);
      ear.hears("NodeDataChanged /a");
    });
    cases.add("watch: the event comes before what has changed can be read", stage -> {
      ZooKeeper zk = stage.client();
      ZooKeeper other = stage.client();
      create(zk, "/a");
      for (int i = 0; i < 50; i += 1) {
        Ear ear = new Ear();
        int version = zk.exists("/a", ear).getVersion();
        other.setData("/a", null, version);
        CompletableFuture<List<String>> before = new CompletableFuture<>();
        // Answers and events come to one thread, in their order.
        AsyncCallback.StatCallback read = (code, path, context, stat) -> {
          if (stat.getVersion() > version) before.complete(List.copyOf(ear.heard));
        };
        while (!before.isDone()) {
          zk.exists("/a", false, read, null);
          Thread.sleep(1);
        }
        same(List.of("NodeDataChanged /a"), before.get());
      }
    });
  }

  private static void persistent(Cases cases) {
    cases.add("watch: a persistent one tells of the znode and its children, again and again", stage -> {
      ZooKeeper zk = stage.client();
      Ear ear = new Ear();
      zk.addWatch("/a", ear, AddWatchMode.PERSISTENT);
      create(zk, "/a");
      zk.setData("/a", null, -1);
      create(zk, "/a/b");
      zk.setData("/a/b", null, -1);
      zk.delete("/a/b", -1);
      zk.delete("/a", -1);
      ear.hears("NodeCreated /a", "NodeDataChanged /a", "NodeChildrenChanged /a", "NodeChildrenChanged /a",
          "NodeDeleted /a");
    });
    cases.add("watch: a recursive one tells of everything below", stage -> {
      ZooKeeper zk = stage.client();
      create(zk, "/a");
      Ear ear = new Ear();
      zk.addWatch("/a", ear, AddWatchMode.PERSISTENT_RECURSIVE);
      create(zk, "/a/b");
      create(zk, "/a/b/c");
      zk.setData("/a/b/c", null, -1);
      zk.delete("/a/b/c", -1);
      ear.hears("NodeCreated /a/b", "NodeCreated /a/b/c", "NodeDataChanged /a/b/c", "NodeDeleted /a/b/c");
    });
    cases.add("watch: a multi tells of each of its changes", stage -> {
      ZooKeeper zk = stage.client();
      Ear ear = new Ear();
      zk.addWatch("/", ear, AddWatchMode.PERSISTENT_RECURSIVE);
      zk.transaction()
          .create("/a", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT)
          .create("/a/b", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT)
          .setData("/a", null, 0)
          .commit();
      ear.hears("NodeCreated /a", "NodeCreated /a/b", "NodeDataChanged /a");
    });
    cases.add("watch: the ephemerals of a session that ends are told as deleted", stage -> {
      ZooKeeper zk = stage.client();
      Ear ear = new Ear();
      zk.addWatch("/", ear, AddWatchMode.PERSISTENT_RECURSIVE);
      ZooKeeper other = stage.client();
      other.create("/e", null, Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
      other.close();
      ear.hears("NodeCreated /e", "NodeDeleted /e");
    });
  }

  private static void removed(Cases cases) {
    cases.add("watch: one that is removed is told so, and nothing more", stage -> {
      ZooKeeper zk = stage.client();
      create(zk, "/a");
      Ear gone = new Ear();
      Ear stays = new Ear();
      zk.getData("/a", gone, null);
      zk.getData("/a", stays, null);
      zk.removeWatches("/a", gone, WatcherType.Data, false);
      zk.setData("/a", null, -1);
      gone.hears("DataWatchRemoved /a");
      stays.hears("NodeDataChanged /a");
    });
    cases.add("watch: all of a kind are removed at once", stage -> {
      ZooKeeper zk = stage.client();
      create(zk, "/a");
      Ear ear = new Ear();
      zk.getChildren("/a", ear);
      zk.removeAllWatches("/a", WatcherType.Children, false);
      create(zk, "/a/b");
      ear.hears("ChildWatchRemoved /a");
    });
    cases.add("watch: a persistent one can be removed", stage -> {
      ZooKeeper zk = stage.client();
      Ear ear = new Ear();
      zk.addWatch("/", ear, AddWatchMode.PERSISTENT_RECURSIVE);
      create(zk, "/a");
      ear.hears("NodeCreated /a");
      zk.removeWatches("/", ear, WatcherType.Any, false);
      create(zk, "/b");
      zk.exists("/b", false);
      that("no more is heard: " + ear.heard, !ear.heard.contains("NodeCreated /b"));
    });
    cases.add("watch: one that is not there cannot be removed", stage -> {
      ZooKeeper zk = stage.client();
      fails(Code.NOWATCHER, () -> {
        zk.removeAllWatches("/none", WatcherType.Any, false);
        return null;
      });
    });
  }
}
